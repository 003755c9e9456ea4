import { type Command, InvalidArgumentError } from "commander";
import { type BoardAddress, connectBoard, type Connection, SERVICE_BAUD } from "../installer/connect.js";

/** Options of every command that talks to a board's service link. */
export function withBoardAddress(command: Command): Command {
  return command
    .option("--port <device>", "the board's serial port: /dev/ttyUSB0, COM3")
    .option("--socket <path>", "or the unix socket of its service link")
    .option("--baud <number>", "speed of the serial port", parseBaud, SERVICE_BAUD);
}

function parseBaud(text: string): number {
  const baud = Number(text);
  if (!/^[0-9]+$/.test(text) || baud < 9600 || baud > 2000000) {
    throw new InvalidArgumentError("a number from 9600 to 2000000");
  }
  return baud;
}

/** Does something with the board at an address, and lets go of it. */
export async function withBoard<T>(address: BoardAddress, body: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connectBoard(address);
  try {
    return await body(connection);
  } finally {
    await connection.close();
  }
}
