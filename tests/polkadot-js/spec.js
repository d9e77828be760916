// Specifications of chains for tests, made from the one of a development chain.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { binary } from './node.js';

/**
 * Slots of an epoch: no era ends while tests run, at whose end validators' part of fees is burned and new OPEN
 * comes, and votes for finality stay as they are.
 */
const EPOCH_SLOTS = 2_400;
const MEBIBYTE = 1024 * 1024;

const execute = promisify(execFile);

/** Runs the node's command with these arguments. */
export const node = (...args) =>
	execute(binary('openledger-node', 'OPENLEDGER_NODE'), args, { maxBuffer: 64 * MEBIBYTE });

// Amounts are more exact than JavaScript's numbers: they are kept as text.
const parseExact = (text) => JSON.parse(text.replace(/(?<=[\s:,[])\d{16,}(?=[\s,\]}])/g, '"exactly $&"'));
const stringifyExact = (value) => JSON.stringify(value).replace(/"exactly (\d+)"/g, '$1');

/** Writes the specification of a development chain of long epochs; resolves to its path. */
export async function specify(folder, change = async () => {}) {
	const draft = parseExact((await node('export-chain-spec', '--chain', 'dev')).stdout);
	const { patch } = draft.genesis.runtimeGenesis;
	patch.calendar.lengths.epochSlots = EPOCH_SLOTS;
	await change(patch);
	const path = join(folder, 'chain.json');
	await writeFile(path, stringifyExact({ ...draft, name: 'OpenLedger Abuse', id: 'abuse' }));
	return path;
}
