// A network of three nodes on which everything is audited. The near validator is also the operator and
// executes for one verifier. The far one holds three of the four votes of finality, so that it can finalise
// by itself and the near one can't. The verifiers' node has no vote and executes for the other five.
//
//     verifiers' node ── near validator ── far validator

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { xxhashAsHex } from '@polkadot/util-crypto';

import { address, connect } from './chain.js';
import { base, client, publishModel } from './client.js';
import { Handout } from './handout.js';
import { startNode, until } from './node.js';
import { node, specify } from './spec.js';
import {
	AGENT, AUDITS, BOND, DECEIVED, EPOCHS, LIAR, OPEN, OPERATOR, RECEIPTS,
	asRoot, ask, checkParameters, endow, ended, set, stage, submit,
} from './stage.js';

/** The verifier whose node is the near one, and those of the verifiers' node. */
export const NEAR = '//Bob//verifier';
export const FAR = ['//Charlie//verifier', '//Dave//verifier', '//Eve//verifier', '//Ferdie//verifier',
	'//Grace//verifier'];
/** Who signs for the far validator's watcher. */
export const WATCHER = '//Heidi//watcher';
/** Who sends far more than is let in. */
export const FLOODER = '//Ferdie//flood';
/** What the near node's pool holds, in KiB: more than two blocks take of what is not operational. */
export const POOL_KIB = 16 * 1024;
/** Requests on chain that the operator takes on at once. */
export const CAPACITY = 3;
/** Places for questions over HTTP, and how many of them a session has at most while it owes for them. */
const PLACES = 12;
export const TRUSTED = 5;

/**
 * As on one node, but that who reveals has the time to do so again: a transaction that a re-organisation lost
 * counts as under way for 32 blocks.
 */
export const PERIODS = { ...AUDITS, RevealPeriod: 48 };

const VOTES = { '//Alice': 1n, '//Bob': 3n };
const DEMAND_WINDOW = 24;

const finalityKey = async (secret) => {
	const { stdout } = await node('key', 'inspect', '--scheme', 'ed25519', '--output-type', 'json', secret);
	return JSON.parse(stdout);
};

/** Writes the specification of a chain of two validators with these votes; resolves to its path. */
async function specifyVotes(folder) {
	const path = await specify(folder, async (patch) => {
		const bob = await finalityKey('//Bob');
		const account = address('//Bob');
		patch.session.keys.push([account, account, { babe: account, grandpa: bob.ss58PublicKey }]);
		patch.staking.stakers.push([account, account, ...patch.staking.stakers[0].slice(2)]);
	});
	const raw = JSON.parse((await node('export-chain-spec', '--chain', path, '--raw')).stdout);
	const key = `0x${['Grandpa', 'Authorities'].map((name) => xxhashAsHex(name, 128).slice(2)).join('')}`;
	const { top } = raw.genesis.raw;
	for (const [secret, votes] of Object.entries(VOTES)) {
		const found = (await finalityKey(secret)).publicKey.slice(2);
		const weight = (count) => Buffer.from(new BigUint64Array([count]).buffer).toString('hex');
		const weighted = top[key].replace(found + weight(1n), found + weight(votes));
		if (!weighted.includes(found + weight(votes))) throw new Error(`${secret} has no vote in ${top[key]}`);
		top[key] = weighted;
	}
	await writeFile(path, JSON.stringify(raw));
	return path;
}

// Nodes know each other by what they are told alone. The other backend of the network goes on with a peer that
// is no longer named as if it had come by itself.
const alone = [
	...['--no-mdns', '--reserved-only', '--network-backend', 'libp2p'],
	'--unsafe-force-node-key-generation',
];

/** Puts a key into a node's keystore before the node starts. */
const insert = (spec, folder, type, secret) =>
	node('key', 'insert', '--chain', spec, '--base-path', folder, '--key-type', type, '--scheme', 'sr25519',
		'--suri', secret);

const worker = () => ['--operator', '--operator-base', base(), '--operator-threads', '1'];

const agentOf = (verifier) => `${verifier}//agent`;

/** Whether two nodes are connected. */
async function areJoined(left, right) {
	const [peers, id] = await Promise.all([left.rpc('system_peers'), right.rpc('system_localPeerId')]);
	return peers.some(({ peerId }) => peerId === id);
}

/** Connects two nodes. */
export async function link(left, right) {
	await left.rpc('system_addReservedPeer', await right.address());
	await right.rpc('system_addReservedPeer', await left.address());
	await until('the nodes are connected', left, () => areJoined(left, right));
}

/** Parts two nodes: each goes on with whom it has left. */
export async function part(left, right) {
	const [one, other] = await Promise.all([left, right].map((node) => node.rpc('system_localPeerId')));
	await Promise.all([left.rpc('system_removeReservedPeer', other), right.rpc('system_removeReservedPeer', one)]);
	await until('the nodes are parted', left, async () => {
		const joined = await Promise.all([areJoined(left, right), areJoined(right, left)]);
		return !joined.includes(true);
	});
}

/** Starts the verifiers' node, or starts it again. */
export async function startVerifiers() {
	const { args, node } = stage.verifiers;
	stage.verifiers.node = await startNode(args, node);
	await link(stage.node, stage.verifiers.node);
}

/** Starts the nodes, sets what the tests need, publishes the model, and has everyone register. */
export async function setUpNetwork() {
	const folder = await mkdtemp(join(tmpdir(), 'openledger-network-'));
	stage.folder = folder;
	stage.handout = await Handout.start();
	const spec = await specifyVotes(folder);
	const at = (name) => join(folder, name);
	await Promise.all([
		...[AGENT, agentOf(NEAR)].map((secret) => insert(spec, at('near'), 'oper', secret)),
		...FAR.map((verifier) => insert(spec, at('verifiers'), 'oper', agentOf(verifier))),
		insert(spec, at('far'), 'watc', WATCHER),
	]);
	const chain = (name) => ['--chain', spec, '--base-path', at(name), ...alone];
	const validator = (name, key) => [...chain(name), key, '--validator', '--force-authoring'];
	stage.args = [
		...[...validator('near', '--alice'), ...worker(), '--operator-agent', address(AGENT)],
		...['--operator-queue', `${PLACES}`, '--operator-unpaid-receipts', `${TRUSTED}`],
		...['--state-pruning', 'archive', '--pool-kbytes', `${POOL_KIB}`],
	];
	stage.node = await startNode(stage.args);
	stage.far = await startNode([...validator('far', '--bob'), '--watch', '--watch-peer', stage.node.worker]);
	const args = [...chain('verifiers'), ...worker(), '--operator-peer', stage.node.worker];
	stage.verifiers = { args, node: null };
	await Promise.all([startVerifiers(), link(stage.node, stage.far)]);
	stage.api = await connect(stage.node);
	const run = client(stage.node, folder);
	stage.run = run;
	const verifiers = [NEAR, ...FAR];
	await asRoot([
		...set('Audits', PERIODS),
		...set('Receipts', { ...RECEIPTS, RevealPeriod: 80 }),
		...set('Attribution', { DemandWindow: DEMAND_WINDOW }),
		...endow([...verifiers, LIAR.agent, WATCHER], 10_000n),
		...endow([FLOODER], 100_000n),
		...endow([...DECEIVED, ...verifiers.map(agentOf)], 100n),
	]);
	await checkParameters('Audits', PERIODS);
	// From here on nothing is made that is not burned of fees.
	stage.begun = (await stage.node.best()) + 1;
	const { tx } = stage.api;
	const register = (verifier) =>
		submit(tx.audits.registerVerifier(address(agentOf(verifier)), BOND * OPEN), verifier);
	await Promise.all(verifiers.map(register));
	const terms = (endpoint) => ['--bond', BOND, '--endpoint', endpoint];
	const [published] = await Promise.all([
		publishModel(run, folder, EPOCHS),
		run(OPERATOR, 'operator', 'register', '--agent', AGENT, '--capacity', CAPACITY, ...terms(stage.node.worker)),
		run(LIAR.operator, 'operator', 'register', '--agent', address(LIAR.agent), ...terms(stage.handout.url)),
	]);
	Object.assign(stage, published);
	await run(OPERATOR, 'operator', 'serve', stage.model);
	await run(LIAR.operator, 'operator', 'serve', stage.model);
}

let answered;
/** A request that the honest operator answered and that was audited and paid: asked for once. */
export const honest = () => (answered ??= ask(OPERATOR).then(({ request }) => ended(request)));

export async function tearDownNetwork() {
	await stage.api?.disconnect();
	await Promise.all([stage.node, stage.far, stage.verifiers?.node].map((node) => node?.stop()));
	await stage.handout?.stop();
	if (stage.folder) await rm(stage.folder, { recursive: true, force: true, maxRetries: 5 });
}
