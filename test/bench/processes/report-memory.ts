// Preloaded into a command line: writes its peak memory in bytes to the file that PEAK_MEMORY names.
import { writeFileSync } from 'node:fs';

process.once('exit', () => {
  writeFileSync(process.env['PEAK_MEMORY'] ?? '', String(process.resourceUsage().maxRSS * 1024));
});
