/**
 * A commented `slipway.yaml`.
 * @param hosts of the repositories in the config, without port of ssh
 */
export function startedSettings(hosts: readonly string[]): string {
  const forges = hosts.map(
    (host) =>
      `  ${/^[\w.-]+$/.test(host) ? host : JSON.stringify(host)}: { token: { env: ${tokenVariable(host)} } }\n`,
  );
  return `# How this installation reaches the outside. Secrets are named here, never written.
# Try it: slipway doctor.
apiVersion: slipway.dev/v1alpha1
kind: Settings

# Marks every object that we make; two installations that see the same repositories need different ones.
# installation: default

# The token may read the sources and push to the repositories of the targets, or to forks of them (head).
${
  forges.length === 0
    ? `# forges:
#   github.com: { token: { env: GITHUB_TOKEN } }
`
    : `forges:\n${forges.join('')}`
}#   github.com: { app: { id: 12345, privateKey: { file: /etc/slipway/app.pem } } }    # a GitHub App instead
#   github.com: { token: { env: GITHUB_TOKEN }, head: my-bot }    # branches in forks of this owner

# Without an entry, the logins of Docker and Google on this machine are used.
# registries:
#   registry.example.com: { username: robot, password: { env: REGISTRY_PASSWORD } }
#   gcr.io: { name: "mirror/{name}", endpoint: https://registry.example.com }    # other images than manifests name

# What commits carry as author.
# git:
#   author: { name: Release Robot, email: robot@example.com }

# What is remembered between runs.
# state: { directory: .slipway }

# The first of docker, podman, buildah and buildctl that works, or one of them, or a command of your own.
# builder: { tool: auto, concurrency: 2, timeout: 1h }
`;
}

function tokenVariable(host: string): string {
  if (host === 'github.com') return 'GITHUB_TOKEN';
  return `${host.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}_TOKEN`.replace(/^(?=\d)|^_+/, 'FORGE_');
}
