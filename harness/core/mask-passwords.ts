/** A text in which no address shows its password: `scheme://user:***@host`. */
export function maskPasswords(text: string): string {
  // A password may hold an @ of its own: the last one before the address ends is the one that counts.
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@'"]*):[^\s'"<>]*@/gi, '$1:***@')
}
