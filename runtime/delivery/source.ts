import { ConfigError } from '../config/errors.ts';
import type { Logger } from '../control/log.ts';
import { isFault, type Documents } from '../ports/index.ts';
import { parseDelivery, type DeliveryOptions as DeliveryParseOptions } from './config/parse.ts';
import type { Desired } from './pair.ts';

/** A config and the text that it was read from: while that stays, so do the pairs. */
export interface ReadConfig {
  readonly text: string;
  readonly desired: Desired;
}

/** Reads the config anew for each pass; once it was good, a bad or unreachable one changes nothing. */
export class DesiredSource {
  readonly #location: string;
  readonly #documents: Documents;
  readonly #options: DeliveryParseOptions;
  readonly #logger: Logger;
  #lastGood: ReadConfig | undefined;

  /** @param known what has been read of it already */
  constructor(
    location: string,
    documents: Documents,
    options: DeliveryParseOptions,
    logger: Logger,
    known?: ReadConfig,
  ) {
    this.#location = location;
    this.#documents = documents;
    this.#options = options;
    this.#logger = logger;
    this.#lastGood = known;
  }

  /** Throws `ConfigError` or `PortError` when there has been no good one yet. */
  async read(signal: AbortSignal): Promise<Desired> {
    try {
      const { name, text } = await this.#documents.read(this.#location, signal);
      if (this.#lastGood?.text !== text)
        this.#lastGood = { text, desired: parseDelivery({ name, text }, this.#options) };
    } catch (error) {
      if (!this.#lastGood || isFault(error, 'cancelled')) throw error;
      if (
        !(error instanceof ConfigError) &&
        !isFault(error, 'transient', 'not-found', 'denied', 'invalid', 'rate-limited')
      )
        throw error;
      this.#logger.warn('config not read, the last good one is kept', {
        config: this.#location,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    return this.#lastGood.desired;
  }
}
