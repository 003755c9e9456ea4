import { type BlockingStream } from "../link/blocking_stream.js";
import { PeerLink } from "../link/peer_link.js";
import { BoardSilent } from "../link/sync_board.js";

/** What a board has written is on its way: an emulated one's processor is shared. */
const ARRIVAL_MS = 60_000;
const FIRST_SESSION = 1;

/** What a connection over the line brings about. */
export interface LineEvents {
  receive(bytes: Uint8Array): void;
  /** The board has ended it. */
  over(): void;
}

/**
 * The host's end of a board's link to a peer, in the time of steps: bytes are counted on both sides, so that a step is over
 * when all that was written has been read.
 */
export class PeerLine {
  /** Bytes written to the board since it was started. */
  written = 0;
  private read = 0;
  private link: PeerLink | undefined;
  private session = FIRST_SESSION;

  /** @param nowUs the board's time */
  constructor(
    private readonly stream: BlockingStream,
    private readonly nowUs: () => bigint,
  ) {}

  get connected(): boolean {
    return this.link?.connected ?? false;
  }

  /** Begins to call, or to wait for a call: which of the two is the nodes' affair. */
  open(events: LineEvents): void {
    const link: PeerLink = new PeerLink({
      write: (bytes) => {
        this.written += bytes.length;
        this.stream.write(bytes);
      },
      nowUs: this.nowUs,
      session: this.session++,
      onConnect: () => undefined,
      onReceive: (bytes) => events.receive(bytes),
      onDisconnect: () => {
        if (this.link === link) this.link = undefined;
        events.over();
      },
    });
    this.link = link;
    link.poll();
  }

  send(bytes: Uint8Array): void {
    this.link?.send(bytes);
  }

  hangUp(): void {
    this.link?.hangUp();
  }

  /** Takes what the board says it has written since it was started, and does what is due. Throws BoardSilent. */
  take(total: number): void {
    while (this.read < total) {
      const bytes = this.stream.read(ARRIVAL_MS);
      if (bytes.length === 0) throw new BoardSilent(`${total - this.read} bytes of its peer link do not come`);
      this.read += bytes.length;
      this.link?.feed(bytes);
    }
    this.link?.poll();
  }
}
