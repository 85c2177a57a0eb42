import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OciRegistry, type OciRegistryOptions } from '../../../../runtime/remote/registry/client.ts';
import type { HttpCall } from '../../../../runtime/remote/registry/http.ts';
import { type RegistryServerOptions, startRegistry } from '../../../../runtime/standins/registry/server.ts';

export interface TestServer {
  readonly url: string;
  /** `127.0.0.1:5000` */
  readonly host: string;
  close(): Promise<void>;
}

export async function startStandIn(intercept?: RegistryServerOptions['intercept']): Promise<TestServer> {
  const root = await mkdtemp(join(tmpdir(), 'registry-'));
  const server = await startRegistry({ root, ...(intercept === undefined ? {} : { intercept }) });
  const close = async () => {
    await server.close();
    await rm(root, { recursive: true, force: true });
  };
  return { url: server.url, host: `127.0.0.1:${server.port}`, close };
}

/** @param htpasswd its one user; without one it is open */
export async function startDockerRegistry(htpasswd?: string): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const port = await freePort();
  const users = join(folder, 'htpasswd');
  if (htpasswd !== undefined) await writeFile(users, `${htpasswd}\n`);
  const configuration = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'root') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: users } } }),
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration)); // JSON is YAML
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, host: `127.0.0.1:${port}`, close };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/v2/`).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A client that waits for nothing, knows no credentials of this machine, and writes down its calls. */
export function openClient(options: Partial<OciRegistryOptions> = {}) {
  const calls: HttpCall[] = [];
  const waits: number[] = [];
  let now = Date.UTC(2024, 0, 1);
  const client = new OciRegistry({
    clock: {
      now: () => now,
      sleep: (ms) => {
        waits.push(ms);
        now += ms;
        return Promise.resolve();
      },
    },
    env: { DOCKER_CONFIG: '/nonexistent' },
    googleToken: () => Promise.resolve(undefined),
    onCall: (call) => calls.push(call),
    ...options,
  });
  /** `HEAD 200`, in order, since the last look. */
  const seen = () => calls.splice(0).map(({ method, status }) => `${method} ${status ?? 'none'}`);
  const advance = (ms: number) => {
    now += ms;
  };
  return { client, seen, waits, advance };
}
