import { after, before } from 'node:test';

import { demandTests } from './demands.js';
import { floodTests } from './flood.js';
import { forkTests } from './fork.js';
import { setUpNetwork, tearDownNetwork } from './network.js';
import { offlineTests } from './offline.js';
import { splitTests } from './split.js';
import { abuse, conserved, stage } from './stage.js';
import { upgradeTests } from './upgrade.js';
import { versionTests } from './versions.js';

before(setUpNetwork);
after(tearDownNetwork);

versionTests();
demandTests();
splitTests();
floodTests();
offlineTests();
forkTests();
// Last, as everything before is to be tried with the code that the chain began with.
upgradeTests();

abuse('nothing_is_lost_over_the_whole_run_on_the_network', () => conserved(stage.begun));
