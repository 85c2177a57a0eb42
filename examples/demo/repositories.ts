/** Text by path. */
export type Files = Readonly<Record<string, string>>;

/** One commit on a branch. */
export interface Change {
  readonly branch: string;
  readonly message: string;
  readonly files: Files;
  /** Branch that this one begins at, where it is new. */
  readonly from?: string;
}

const webApp = (files: string) => `# The base is handed over by NAME@DIGEST.
ARG BASE_IMAGE
FROM \${BASE_IMAGE}
COPY ${files} /app/
`;

/** The components of two versions. No image needs the network: all stand on \`scratch\`. */
export const kubeflow: readonly [Change, ...Change[]] = [
  {
    branch: 'master',
    message: 'Components of Kubeflow 1.2',
    files: {
      'README.md': '# Kubeflow\n',
      'docs/architecture.md': '# Architecture\n',
      'components/base/Dockerfile': 'FROM scratch\nCOPY rootfs/ /\n',
      'components/base/rootfs/etc/os-release': 'ID=kubeflow\nVERSION_ID=1.2.0\n',
      'components/base/rootfs/etc/passwd': 'nobody:x:65534:65534::/:/sbin/nologin\n',
      'components/centraldashboard/Dockerfile': webApp('server.js public'),
      'components/centraldashboard/.dockerignore': '**/*.md\n**/*_test.js\n',
      'components/centraldashboard/README.md': '# Central dashboard\n',
      'components/centraldashboard/server.js': "require('http').createServer(dashboard).listen(8082);\n",
      'components/centraldashboard/public/index.html': '<h1>Kubeflow</h1>\n',
      'components/jupyter-web-app/Dockerfile': webApp('app.py'),
      'components/jupyter-web-app/app.py': "GPU_VENDORS = ['nvidia']\n",
      'components/access-management/Dockerfile': 'FROM scratch\nCOPY main.go kfam/ /src/\n',
      'components/access-management/main.go': 'package main\n',
      'components/access-management/kfam/bindings.go': 'package kfam\n',
    },
  },
  {
    branch: 'v1.2-branch',
    from: 'master',
    message: 'Dashboard: mend the link to pipelines',
    files: {
      'components/centraldashboard/public/index.html':
        '<h1>Kubeflow</h1>\n<a href="/pipeline/">Pipelines</a>\n',
    },
  },
  {
    branch: 'v1.2-branch',
    message: 'Notebooks: name the vendor as Kubernetes does',
    files: { 'components/jupyter-web-app/app.py': "GPU_VENDORS = ['nvidia.com/gpu']\n" },
  },
  {
    branch: 'master',
    message: 'Dashboard: show the namespace',
    files: {
      'components/centraldashboard/public/index.html': '<h1>Kubeflow</h1>\n<namespace-selector/>\n',
    },
  },
  {
    branch: 'master',
    message: 'Notebooks: offer GPUs of AMD',
    files: { 'components/jupyter-web-app/app.py': "GPU_VENDORS = ['nvidia', 'amd']\n" },
  },
];

export const katib: readonly [Change, ...Change[]] = [
  {
    branch: 'master',
    message: 'Katib 0.10',
    files: {
      'README.md': '# Katib\n',
      '.dockerignore': '.git\ndocs\nexamples\n**/*.md\n',
      'cmd/katib-controller/v1beta1/Dockerfile':
        'FROM scratch\nCOPY cmd/katib-controller /src/cmd\nCOPY pkg /src/pkg\n',
      'cmd/katib-controller/v1beta1/main.go': 'package main\n',
      'pkg/controller/experiment.go': 'package controller\n\nconst parallelTrials = 3\n',
      'examples/random.yaml': 'kind: Experiment\n',
    },
  },
  {
    branch: 'release-0.10',
    from: 'master',
    message: 'Docs: how to upgrade',
    files: { 'docs/upgrade.md': '# Upgrade\n' },
  },
  {
    branch: 'master',
    message: 'Run more trials at a time',
    files: { 'pkg/controller/experiment.go': 'package controller\n\nconst parallelTrials = 12\n' },
  },
];

const images = 'gcr.io/kubeflow-images-public';

/** Comments, order and quoting that a pull request must leave as they are. */
const kustomization = (
  image: string,
  tag: string,
  resources = 'deployment.yaml',
) => `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: kubeflow
resources:
- ${resources}
images:
- name: ${images}/${image}   # kept in step by app CD
  newName: ${images}/${image}
  newTag: "${tag}"
commonLabels:
  kustomize.component: ${image.split('/').at(-1) ?? image}
`;

const deployment = (name: string, image: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
      - name: ${name}
        image: ${image}
`;

const katibImage = 'katib/v1beta1/katib-controller';

/** Manifests that run the first commit of each repository. */
export function manifests(deployed: {
  readonly kubeflow: string;
  readonly katib: string;
}): readonly [Change, ...Change[]] {
  return [
    { branch: 'master', message: 'Manifests of Kubeflow', files: manifestFiles('vmaster', deployed) },
    {
      branch: 'v1.2-branch',
      from: 'master',
      message: 'Kubeflow 1.2',
      files: manifestFiles('v1.2', deployed),
    },
  ];
}

function manifestFiles(tag: string, deployed: { readonly kubeflow: string; readonly katib: string }): Files {
  const kubeflowTag = `${tag}-g${deployed.kubeflow.slice(0, 12)}`;
  const katibTag = `${tag}-g${deployed.katib.slice(0, 12)}`;
  const application = (directory: string, image: string, imageTag: string): Files => ({
    [`${directory}/kustomization.yaml`]: kustomization(image, imageTag),
    [`${directory}/deployment.yaml`]: deployment(image.split('/').at(-1) ?? image, `${images}/${image}`),
  });
  return {
    'README.md': '# Manifests\n',
    ...application('common/centraldashboard/base', 'centraldashboard', kubeflowTag),
    'common/centraldashboard/base_v3/kustomization.yaml': kustomization(
      'centraldashboard',
      kubeflowTag,
      '../base',
    ),
    ...application('jupyter/jupyter-web-app/base', 'jupyter-web-app', kubeflowTag),
    ...application('profiles/base', 'kfam', kubeflowTag),
    ...application('katib/katib-controller/base', katibImage, katibTag),
    'tests/katib-controller-base/expected/deployment.yaml': deployment(
      'katib-controller',
      `${images}/${katibImage}:${katibTag}`,
    ),
  };
}
