type Pager = { readonly path: string; readonly page: number; readonly pages: number }

/** Links to the pages before and after. */
export const Pager = ({ path, page, pages }: Pager) => (
  <nav aria-label="Pages">
    {page > 1 && (
      <a rel="prev" href={`${path}?page=${page - 1}`}>
        Previous
      </a>
    )}{' '}
    Page {page} of {pages}{' '}
    {page < pages && (
      <a rel="next" href={`${path}?page=${page + 1}`}>
        Next
      </a>
    )}
  </nav>
)
