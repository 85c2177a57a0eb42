import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/**
 * `describe`, or `describe.skip` with a loud line when a tool is missing. In CI a missing tool fails the tests instead.
 * @param install command that gets the tool
 */
export function describeWithTool(tool: string, install: string): typeof describe | typeof describe.skip {
  if (spawnSync('sh', ['-c', 'command -v "$0"', tool]).status === 0) return describe;
  if (process.env['CI'] === 'true') throw new Error(`${tool} is missing; get it with: ${install}`);
  console.warn(`SKIPPED: ${tool} is missing; get it with: ${install}`);
  return describe.skip;
}
