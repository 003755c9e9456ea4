import { SingleBar } from "cli-progress";

/** Shows on standard error how many bytes of `total` are done, while `body` goes on and tells so. */
export async function withTransferBar<T>(
  total: number,
  body: (progress: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: "{bar} {value} of {total} bytes",
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  try {
    return await body((bytes) => {
      bar.update(bytes);
    });
  } finally {
    bar.stop();
  }
}
