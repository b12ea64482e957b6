/** A moment for people: "2025-11-28 08:00 UTC". */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}
