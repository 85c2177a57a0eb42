import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Server {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  close(): Promise<void>;
}

/** A stand-in in a process of its own, so that its work counts as the outside's. */
export async function startServer(kind: 'forge' | 'registry', root: string): Promise<Server> {
  const child = spawn(
    process.execPath,
    ['runtime/slipway.js', 'local', kind, '--root', root, '--port', '0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000);
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`the ${kind} did not start: ${said}`)));
  });
  return {
    url,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
