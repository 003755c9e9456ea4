import { SerialPort } from "serialport";

interface Signals {
  readonly dataTerminalReady?: boolean;
  readonly requestToSend?: boolean;
}

/** A serial port of the machine in the shape that browsers give theirs, which the flashing library expects. */
export class SerialDevice {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  #port: SerialPort | undefined;
  #signals: { dtr: boolean; rts: boolean } = { dtr: false, rts: false };

  constructor(readonly path: string) {}

  getInfo(): { usbVendorId?: number; usbProductId?: number } {
    return {};
  }

  async open({ baudRate }: { readonly baudRate: number }): Promise<void> {
    const port = new SerialPort({ path: this.path, baudRate, autoOpen: false });
    await new Promise<void>((resolve, reject) => {
      port.open((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    this.#port = port;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        port.on("data", (bytes: Buffer) => {
          controller.enqueue(Uint8Array.from(bytes));
        });
        // Also where the device is pulled out. A stream that was cancelled takes no more.
        const end = (): void => {
          try {
            controller.close();
          } catch {
            // closed already
          }
        };
        port.once("close", end);
        port.once("error", end);
      },
      cancel: () => {
        port.removeAllListeners("data");
      },
    });
    this.writable = new WritableStream<Uint8Array>({
      write: (bytes) =>
        new Promise<void>((resolve, reject) => {
          port.write(bytes, (error) => {
            if (error) reject(error);
            else
              port.drain((failure) => {
                if (failure) reject(failure);
                else resolve();
              });
          });
        }),
    });
  }

  /** Sets the lines that reset the chip and choose how it boots. Ports without such lines stay as they are. */
  async setSignals({ dataTerminalReady, requestToSend }: Signals): Promise<void> {
    this.#signals = { dtr: dataTerminalReady ?? this.#signals.dtr, rts: requestToSend ?? this.#signals.rts };
    await new Promise<void>((resolve) => {
      this.#port?.set(this.#signals, () => {
        resolve();
      });
    });
  }

  async setBaudRate(baudRate: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#port?.update({ baudRate }, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    this.readable = null;
    this.writable = null;
    if (port?.isOpen !== true) return;
    await new Promise<void>((resolve) => {
      port.close(() => {
        resolve();
      });
    });
  }
}
