import { expect } from "vitest";
import { onPairs } from "../channel/pair.js";

const OFFERER_SIGNS = 0;
const ACCEPTOR_REVOKES = 1;
const ACCEPTOR_SIGNS = 2;
const OFFERER_REVOKES = 3;
const IN_OFFERER = 8;
const IN_ACCEPTOR = 16;
const LEAVING = 32;
const LEFT_OFFERER = 64;
const LEFT_ACCEPTOR = 128;

/** What BOLT 2 says of each state: which event moves it on, and what it is part of. 0 is a free slot. */
const LIFE: readonly (readonly [event: number | undefined, flags: number])[] = [
  [undefined, 0],
  [OFFERER_SIGNS, 0],
  [ACCEPTOR_REVOKES, IN_ACCEPTOR],
  [ACCEPTOR_SIGNS, IN_ACCEPTOR],
  [OFFERER_REVOKES, IN_ACCEPTOR | IN_OFFERER],
  [undefined, IN_ACCEPTOR | IN_OFFERER],
  [ACCEPTOR_SIGNS, IN_ACCEPTOR | IN_OFFERER | LEAVING],
  [OFFERER_REVOKES, IN_ACCEPTOR | LEAVING | LEFT_OFFERER],
  [OFFERER_SIGNS, IN_ACCEPTOR | LEAVING | LEFT_OFFERER],
  [ACCEPTOR_REVOKES, LEAVING | LEFT_OFFERER | LEFT_ACCEPTOR],
  [undefined, LEAVING | LEFT_OFFERER | LEFT_ACCEPTOR],
];

onPairs("HTLC states", {
  "every state and every event": (make) => {
    const pair = make();
    LIFE.forEach(([moving, flags], state) => {
      expect([state, pair.call("state_flags", state)]).toEqual([state, flags]);
      for (const event of [OFFERER_SIGNS, ACCEPTOR_REVOKES, ACCEPTOR_SIGNS, OFFERER_REVOKES]) {
        const after = event === moving ? state + 1 : state;
        expect([state, event, pair.call("state_after", state, event)]).toEqual([state, event, after]);
      }
    });
  },

  "whose event it is": (make) => {
    const pair = make();
    for (const [offeredBy, by, revokes, event] of [
      [0, 0, 0, OFFERER_SIGNS],
      [0, 0, 1, OFFERER_REVOKES],
      [0, 1, 0, ACCEPTOR_SIGNS],
      [0, 1, 1, ACCEPTOR_REVOKES],
      [1, 1, 0, OFFERER_SIGNS],
      [1, 1, 1, OFFERER_REVOKES],
      [1, 0, 0, ACCEPTOR_SIGNS],
      [1, 0, 1, ACCEPTOR_REVOKES],
    ] as const) {
      expect(pair.call("event_of", offeredBy, by, revokes)).toBe(event);
    }
  },
});
