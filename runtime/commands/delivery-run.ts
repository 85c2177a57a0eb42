import { Command, InvalidArgumentError } from 'commander';
import { driveDelivery, type Resident } from '../delivery/resident.ts';
import { openDelivery } from './delivery-session.ts';
import { examples, withConfig, type Flags } from './delivery-flags.ts';

const minute = 60_000;
const usual = { interval: 5 * minute, deadline: 10 * minute } as const;

export function runCommand(): Command {
  return withConfig(new Command('run'))
    .description(
      'look after every pair for as long as the process lives; SIGHUP makes it look at once, SIGTERM ends it after what is under way',
    )
    .option('--metrics-port <number>', 'serve /metrics and /healthz on this port of 127.0.0.1', port)
    .addHelpText('after', examples('run --config delivery.yaml', 'run --metrics-port 9090 2>> slipway.log'))
    .action(async ({ metricsPort, ...flags }: Flags & { readonly metricsPort?: number }) => {
      await using session = await openDelivery({ ...flags, resident: true });
      const { home, logger, settings, signal, system } = session;
      // Loaded here: no other verb serves anything.
      const { createMetrics } = await import('../control/metrics.ts');
      const { serveMetrics } = await import('../web/metrics.ts');
      const metrics = createMetrics(home.clock);
      const { interval = usual.interval, limits } = settings;
      await using server =
        metricsPort === undefined ? undefined : await serveMetrics({ port: metricsPort, metrics });
      const resident = driveDelivery({
        system,
        ports: home,
        logger,
        metrics,
        signal,
        interval,
        deadline: limits?.pass ?? usual.deadline,
        ...(limits?.actions && { concurrency: limits.actions }),
        suspended: () => settings.suspend ?? false,
      });
      logger.info('running', {
        config: session.config,
        interval,
        ...(settings.suspend && { suspended: true }),
        ...(server && { metrics: server.url }),
      });
      await untilFinished(resident);
      logger.info('ended');
    });
}

async function untilFinished(resident: Resident): Promise<void> {
  const wake = () => resident.wake('SIGHUP');
  process.on('SIGHUP', wake);
  try {
    await resident.finished;
  } finally {
    process.off('SIGHUP', wake);
  }
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('must be a number from 0 (any free one) to 65535');
  return value;
}
