import type { Review } from '../domain/catalogue.ts'

/** One review. A plain function: as a component it would cost every product page a little. */
export const renderReview = ({ author, rating, body, writtenOn }: Review) => (
  <article key={`${author} ${writtenOn}`}>
    <h3>
      {author}, {rating} of 5
    </h3>
    <p>
      {body}{' '}
      <time class="soft" datetime={writtenOn}>
        {writtenOn}
      </time>
    </p>
  </article>
)
