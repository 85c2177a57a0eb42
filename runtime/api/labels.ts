/** Labels and annotations on every object that we make outside. */
export const labels = {
  /** Who made it: the installation id of the settings. */
  owner: 'slipway.dev/owner',
  /** As the original has them. */
  application: 'app',
  version: 'version',
  imageTag: 'image_tag',
} as const;

export const annotations = {
  /** The whole build key. */
  key: 'slipway.dev/build-key',
} as const;

/** Trailers of every commit that we push. */
export const trailers = {
  change: 'Slipway-Change',
  installation: 'Slipway-Installation',
  /** Email of its author: shows when somebody has made it their own. */
  author: 'Slipway-Author',
} as const;
