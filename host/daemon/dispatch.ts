import type { Dispatch } from "./control_server.js";
import { type Json, RPC_CODES, RpcError } from "./rpc.js";
import { type Arguments, type Verb, type Verbs, explanation, readArguments, synopsis } from "./verbs.js";

/** What carries out each verb of a registry but `help`, which the registry itself answers. */
export type Handlers<R extends Verbs> = {
  readonly [V in Exclude<keyof R, "help">]: (args: Arguments<R[V]>) => Json | Promise<Json>;
};

/** Methods of a control socket from a registry and its handlers. */
export function dispatcher<R extends Verbs>(verbs: R, handlers: Handlers<R>): Dispatch {
  return (method, params) => {
    const verb = verbOf(verbs, method);
    const args = readArguments(verb, params) as Arguments<never>;
    if (method === "help") return helpOf(verbs, (args as { command?: string }).command);
    const handler = (handlers as Record<string, ((args: unknown) => Json | Promise<Json>) | undefined>)[method];
    if (handler === undefined) throw new RpcError(RPC_CODES.METHOD, `no verb ${JSON.stringify(method)}`);
    return handler(args);
  };
}

function verbOf(verbs: Verbs, name: string): Verb {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) {
    const shown = name.length > 40 ? `${name.slice(0, 40)}...` : name;
    throw new RpcError(RPC_CODES.METHOD, `no verb ${JSON.stringify(shown)}: help lists them`, {
      field: "method",
      place: null,
    });
  }
  return verb;
}

/** Help as a document: of all verbs, or of one. Throws RpcError METHOD for a verb that there is not. */
export function helpOf(verbs: Verbs, name: string | undefined): Json {
  if (name !== undefined) return { help: explanation(name, verbOf(verbs, name)) };
  return {
    help: Object.entries(verbs).map(([each, verb]) => ({ command: synopsis(each, verb), about: verb.about })),
  };
}
