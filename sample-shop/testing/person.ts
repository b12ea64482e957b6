/** A page as a person got it. */
export type Seen = {
  readonly status: number
  readonly text: string
  readonly location: string
  readonly setCookie: string
  readonly headers: Headers
}

/** Somebody with a browser without JavaScript: keeps cookies, fills in the forms of pages, follows no redirect. */
export type Person = {
  readonly cookies: Map<string, string>
  get(path: string): Promise<Seen>
  /** Sends the page's form with this action: its hidden fields and these. */
  submit(page: Seen, action: string, fields?: Readonly<Record<string, string>>): Promise<Seen>
  /** Sends fields as a form that no page gave. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Seen>
}

/** Opens a browser on the shop at this address. */
export function startPerson(url: string): Person {
  const cookies = new Map<string, string>()

  async function send(path: string, init: RequestInit): Promise<Seen> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...init.headers }
    const response = await fetch(url + path, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return {
      status: response.status,
      text: await response.text(),
      location: response.headers.get('location') ?? '',
      setCookie: response.headers.get('set-cookie') ?? '',
      headers: response.headers,
    }
  }

  const post: Person['post'] = (path, fields, headers = {}) =>
    send(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  return {
    cookies,
    get: (path) => send(path, {}),
    post,
    submit(page, action, fields = {}) {
      const form = new RegExp(`<form[^>]* action="${action}"[^>]*>(.*?)</form>`, 's').exec(page.text)?.[1]
      if (form === undefined)
        throw new Error(`no form for ${action} in ${page.status} ${page.text.slice(-2000)}`)
      const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
      return post(action, {
        ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
        ...fields,
      })
    },
  }
}
