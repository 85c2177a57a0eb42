import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { convertOriginal } from '../../../runtime/delivery/config/convert.ts';
import { parseDelivery } from '../../../runtime/delivery/config/parse.ts';
import { howToGetKubeflow, kubeflowRepository } from '../../support/kubeflow.ts';

const repository = kubeflowRepository('testing');
if (repository === undefined) console.warn(`SKIPPED: the real applications.yaml; ${howToGetKubeflow}`);

(repository === undefined ? it.skip : it)(
  'reads the real applications.yaml of kubeflow/testing unchanged',
  () => {
    const arguments_ = ['-C', repository ?? '', 'show', 'HEAD:apps-cd/applications.yaml'];
    const source = { name: 'applications.yaml', text: execFileSync('git', arguments_, { encoding: 'utf8' }) };
    const desired = parseDelivery(source);
    expect(desired.pairs).toHaveLength(48);
    expect(
      desired.pairs
        .filter((pair) => pair.skipped !== undefined)
        .map((pair) => `${pair.version}/${pair.application}`),
    ).toEqual([
      'v1-0/xgboost-operator',
      'v1-1/xgboost-operator',
      'v1-2/pytorch-operator',
      'v1-2/tf-operator',
      'v1-2/xgboost-operator',
    ]);
    expect(parseDelivery({ ...source, text: convertOriginal(source).text })).toEqual(desired);
  },
);
