import type { ComponentRole } from '../../core/record.ts'
import type { DockerEngine } from './docker/engine.ts'
import { type Project, projectLabel } from './project.ts'

/** A running container of a component, under the name the reports use. */
export type Container = {
  readonly component: string
  readonly role: Exclude<ComponentRole, 'harness' | 'generator' | 'host'>
  readonly id: string
  /** Its first process, as the engine's host numbers it. */
  readonly pid: number
  /** In the containers' network. */
  readonly address: string
  /** Port on loopback where it answers; `null`: it has none of its own. */
  readonly port: number | null
}

type Listed = { readonly Id: string; readonly Labels: Readonly<Record<string, string>> }
type Inspected = {
  readonly State: { readonly Pid: number; readonly Running: boolean }
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>
  }
}

const ROLES: Readonly<Record<string, Container['role']>> = {
  database: 'database',
  replica: 'replica',
  shop: 'app',
  balancer: 'balancer',
  pooler: 'pooler',
  cache: 'cache',
}

/** What a service's components are called; one of which there may be several gets its number. */
const NAMES: Readonly<Record<string, string>> = { shop: 'app-', replica: 'replica-', cache: 'redis' }

/** The components of a project that run, app servers by their numbers. */
export async function runningContainers(
  engine: DockerEngine,
  project: Project,
): Promise<readonly Container[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [projectLabel(project)], status: ['running'] }))
  const listed = await engine.ask<readonly Listed[]>('GET', `/containers/json?filters=${filters}`)
  const found = await Promise.all(
    listed.map(async ({ Id: id, Labels }): Promise<Container | null> => {
      const component = componentOf(Labels)
      if (!component) return null
      const { State, NetworkSettings } = await engine.ask<Inspected>('GET', `/containers/${id}/json`)
      if (!State.Running) return null
      const [port] = Object.values(NetworkSettings.Ports).flatMap((published) => published ?? [])
      return {
        ...component,
        id,
        pid: State.Pid,
        address: Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '',
        port: port === undefined ? null : Number(port.HostPort),
      }
    }),
  )
  return found
    .filter((container) => container !== null)
    .sort((a, b) => a.component.localeCompare(b.component, 'en', { numeric: true }))
}

/** What a container is by its labels; `null`: none of the components (the seed, the probe of the budgets). */
export function componentOf(
  labels: Readonly<Record<string, string>>,
): Pick<Container, 'component' | 'role'> | null {
  const service = labels['com.docker.compose.service'] ?? ''
  const role = ROLES[service]
  if (!role || labels['com.docker.compose.oneoff'] === 'True') return null
  const number = labels['com.docker.compose.container-number'] ?? '1'
  const name = NAMES[service] ?? service
  return { component: name.endsWith('-') ? `${name}${number}` : name, role }
}

/** The service whose containers a component is one of. */
export function serviceOf(component: string): string {
  const found = Object.entries(NAMES).find(([, name]) =>
    name.endsWith('-') ? component.startsWith(name) : component === name,
  )
  return found?.[0] ?? component
}
