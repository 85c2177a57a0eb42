export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  injectGlobals: false,
  // Generous: a slow machine is no defect, and what hangs is ended by the deadlines under test.
  // Jest's own choice leaves a core idle; in CI one test at a time is steadier.
  maxWorkers: process.env.CI ? 1 : '100%',
  testTimeout: 120_000,
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};
