import { Command, InvalidArgumentError } from 'commander';
import { startForge } from '../standins/forge/server.ts';
import { startRegistry } from '../standins/registry/server.ts';
import { isFault } from '../ports/index.ts';
import { UsageError } from './errors.ts';

interface ServerFlags {
  readonly root: string;
  readonly port: number;
}

/** `slipway local`: servers of one machine to try things on. */
export function localCommand(): Command {
  const group = new Command('local').description(
    'a forge and a registry for one machine, to try things on; they bind loopback',
  );
  group.addCommand(
    server('forge', startForge)
      .description('serve the bare repositories ROOT/<owner>/<name>.git over git and the REST API of GitHub')
      .addHelpText('after', '\nExample:\n  $ slipway local forge --root /tmp/forge --port 3000'),
  );
  group.addCommand(
    server('registry', startRegistry)
      .description('serve container images from ROOT (OCI distribution)')
      .addHelpText('after', '\nExample:\n  $ slipway local registry --root /tmp/registry --port 5000'),
  );
  return group;
}

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

function server(name: string, start: (options: ServerFlags) => Promise<Running>): Command {
  return new Command(name)
    .requiredOption('--root <folder>', 'where everything is kept; made when it does not exist')
    .requiredOption('--port <number>', 'port on 127.0.0.1', port)
    .action(async ({ root, port }: ServerFlags) => {
      const running = await start({ root, port }).catch((error: unknown) => {
        throw startProblem(error, port);
      });
      process.stderr.write(
        `slipway local ${name}: ${running.url}, for this machine alone; everybody on it may write. Ctrl-C ends it.\n`,
      );
      await new Promise<void>((resolve) => {
        process.once('SIGINT', () => resolve());
        process.once('SIGTERM', () => resolve());
      });
      await running.close();
    });
}

/** What a person can set right is a `UsageError`. */
function startProblem(error: unknown, port: number): unknown {
  if (isFault(error, 'denied')) return new UsageError(`${error.message}; name another with --root`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return new UsageError(`port ${port} is taken; name another with --port`);
  if (code === 'EACCES' && port > 0 && port < 1024)
    return new UsageError(`port ${port} is for privileged users; name one from 1024 with --port`);
  return error;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('must be a number from 0 (any free one) to 65535');
  return value;
}
