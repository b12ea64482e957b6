import { formatCount } from '../domain/count.ts'

type Pager = { readonly path: string; readonly page: number; readonly pages: number }

/** Links to the pages before and after, and to both ends where those are further away. */
export const Pager = ({ path, page, pages }: Pager) => (
  <nav aria-label="Pages">
    {page > 2 && <a href={path}>First</a>}
    {page > 1 && (
      <a rel="prev" href={`${path}?page=${page - 1}`}>
        Previous
      </a>
    )}
    <span>
      Page {formatCount(page)} of {formatCount(pages)}
    </span>
    {page < pages && (
      <a rel="next" href={`${path}?page=${page + 1}`}>
        Next
      </a>
    )}
    {page < pages - 1 && <a href={`${path}?page=${pages}`}>Last</a>}
  </nav>
)
