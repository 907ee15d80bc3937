/** The questions that an agent's device puts to customers, by conversation. What one is: `requests.ts`. */
import { Requests } from './requests.ts'

export type AgentQuestionsWorld = ConstructorParameters<typeof Requests>[0]

export class AgentQuestions {
  readonly #world: AgentQuestionsWorld
  readonly #requests = new Map<string, Requests>()

  constructor(world: AgentQuestionsWorld) {
    this.#world = world
  }

  of(name: string): Requests {
    const requests = this.#requests.get(name) ?? new Requests(this.#world)
    this.#requests.set(name, requests)
    return requests
  }
}
