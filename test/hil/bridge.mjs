// A board behind sockets: `node bridge.mjs FOLDER PROGRAM FLASH` serves the service link of a board that is a process at
// FOLDER/service, and its link to a peer at FOLDER/peer. It says "ready" once both can be called.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const [folder, program, flash] = process.argv.slice(2);
const at = (name) => join(folder, name);
const listen = (name, take) => new Promise((done) => createServer(take).listen(at(name), done));
const ends = (socket) => {
  socket.on("error", () => undefined);
  return socket;
};

const board = new Promise((resolve) => {
  void listen("board", (socket) => resolve(ends(socket)));
});
await listen("peer", (host) => {
  void board.then((line) => {
    ends(host).pipe(line, { end: false });
    line.pipe(host);
  });
});
const child = spawn(program, ["--flash", flash, "--peer", at("board")], { stdio: ["pipe", "pipe", "inherit"] });
process.once("exit", () => child.kill("SIGKILL"));
child.once("exit", () => process.exit());
await board;
await listen("service", (host) => {
  ends(host).pipe(child.stdin, { end: false });
  child.stdout.pipe(host);
});
console.log("ready");
