/** What tools need of our environment. Everything else stays with us: it may hold secrets. */
const PASSED_ON: readonly (string | RegExp)[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TZ',
  'TMPDIR',
  /^LC_/,
  /^XDG_(RUNTIME_DIR|CONFIG_HOME|DATA_HOME|CACHE_HOME)$/,
  /^DOCKER_(CONFIG|HOST|CONTEXT|TLS_VERIFY|CERT_PATH|BUILDKIT)$/,
  'BUILDKIT_HOST',
  /^BUILDX_(BUILDER|CONFIG)$/,
  /^BUILDAH_(ISOLATION|FORMAT)$/,
  /^STORAGE_(DRIVER|OPTS)$/,
  /^CONTAINERS_(CONF|STORAGE_CONF|REGISTRIES_CONF)$/,
  'CONTAINER_HOST',
  'REGISTRY_AUTH_FILE',
  // Where credential helpers of registries look; folders and files, no secrets themselves.
  'CLOUDSDK_CONFIG',
  'GOOGLE_APPLICATION_CREDENTIALS',
  /^(HTTPS?|NO)_PROXY$/i,
  /^SSL_CERT_(FILE|DIR)$/,
];

export function buildEnvironment(all: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    const allowed = PASSED_ON.some((one) => (typeof one === 'string' ? one === name : one.test(name)));
    if (allowed && value !== undefined) passed[name] = value;
  }
  return passed;
}
