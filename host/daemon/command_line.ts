import { RPC_CODES, RpcError } from "./rpc.js";
import type { Parameter, Verb } from "./verbs.js";

/**
 * Parameters from the words of a command line: by position, as NAME=VALUE, or as --name VALUE, --name=VALUE, and for a
 * flag --name alone. They are only put in their places here; the server reads them. Throws RpcError PARAMETERS.
 */
export function parametersOf(verb: Verb, words: readonly string[]): Record<string, string | boolean> {
  const given: Record<string, string | boolean> = {};
  const put = (name: string, value: string | boolean): void => {
    if (Object.hasOwn(given, name)) throw wrong(name, "is given twice");
    given[name] = value;
  };
  const positional = verb.parameters.filter(({ type }) => !type.flag);
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [, option, inline] = /^--([a-z][a-z0-9_-]*)(?:=([^]*))?$/i.exec(word) ?? [];
    if (option !== undefined) {
      const parameter = named(verb, option.replaceAll("-", "_"));
      if (parameter === undefined) throw wrong(`--${option}`, "there is no such option");
      const value = inline ?? (parameter.type.flag ? true : queue.shift());
      if (value === undefined) throw wrong(parameter.name, "is given no value");
      put(parameter.name, value);
      continue;
    }
    const [, name, value] = /^([a-z][a-z0-9_]*)=([^]*)$/.exec(word) ?? [];
    const parameter = name === undefined ? undefined : named(verb, name);
    if (parameter !== undefined && value !== undefined) {
      put(parameter.name, value);
      continue;
    }
    const next = positional.find((candidate) => !Object.hasOwn(given, candidate.name));
    if (next === undefined) throw wrong(word.slice(0, 40), `is one too many, at most ${positional.length}`);
    put(next.name, word);
  }
  return given;
}

const named = (verb: Verb, name: string): Parameter | undefined =>
  verb.parameters.find((parameter) => parameter.name === name);

const wrong = (field: string, reason: string): RpcError =>
  new RpcError(RPC_CODES.PARAMETERS, `${field}: ${reason}`, { field, place: null, reason });
