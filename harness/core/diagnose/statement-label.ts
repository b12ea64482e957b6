/**
 * A statement in friendly words: the comment it carries, when there is one ("best sellers"), else what it does to its
 * main table ("reads of reviews by product_id").
 */
export function statementLabel(sql: string): string {
  const comment = /\/\*\s*(.*?)\s*\*\//s.exec(sql)?.[1]
  if (comment) return comment.replaceAll('-', ' ').slice(0, 60)
  const text = sql.replace(/\s+/g, ' ').trim()
  const verb = /^[a-z]+/i.exec(text)?.[0].toLowerCase() ?? ''
  const table = MAIN_TABLE.exec(text)?.[1]?.replaceAll('"', '')
  if (!table) return text.length > 60 ? `${text.slice(0, 57)}…` : text
  const column = /\bwhere\s+(?:\w+\.)?"?(\w+)"?\s*(?:=|like|ilike|in|any)/i.exec(text)?.[1]
  const does = DOES[verb] ?? 'work on'
  return column && verb !== 'insert' ? `${does} ${table} by ${column}` : `${does} ${table}`
}

const MAIN_TABLE = /\b(?:from|update|insert into|delete from)\s+(?:only\s+)?((?:"?\w+"?\.)?"?\w+"?)/i

const DOES: Readonly<Record<string, string>> = {
  select: 'reads of',
  with: 'reads of',
  update: 'updates of',
  insert: 'inserts into',
  delete: 'deletes from',
}
