// A development chain whose claims are all audited, with a model that has learnt its records, an honest
// operator, a liar and three verifiers.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Keyring } from '@polkadot/api';

import { address, burned, connect, eventsOf, issuance, owned } from './chain.js';
import { QUESTION, base, client, publishModel } from './client.js';
import { Handout } from './handout.js';
import { startNode, until } from './node.js';
import { specify } from './spec.js';

export const OPERATOR = '//Alice';
export const AGENT = '//Alice//operator';
export const PAYER = '//Ferdie';
export const VERIFIERS = ['//Bob//verifier', '//Charlie//verifier', '//Dave//verifier'];
/** Who asks the liar in sessions, one for each of its lies. */
export const DECEIVED = ['//Ferdie//0', '//Ferdie//1', '//Ferdie//2', '//Ferdie//3', '//Ferdie//4'];
/** An operator whose agent no node works for: what it answers is made up by the tests. */
export const LIAR = { operator: '//Eve', agent: '//Eve//agent' };

/**
 * A verifier that takes bribes, whose agent no node works for. It has so much of all bonds, once it registers, that
 * it is always drawn.
 */
export const BRIBED = { verifier: '//Eve//bribed', agent: '//Eve//bribed//agent', bond: 400_000n };

export const OPEN = 10n ** 18n;
export const BOND = 2_000n;
export const MIN_PENALTY = 10n * OPEN;
export const ANSWER_TOKENS = 16;
/** Enough for the answer to be a record's, and for its contributor to be paid. */
export const EPOCHS = 24;
/** Blocks of each period, and every claim audited: the chain's own would take minutes. */
export const AUDITS = {
	RoundLength: 2,
	Rate: 1_000_000,
	CommitPeriod: 60,
	RevealPeriod: 20,
	AppealWindow: 3,
	CorrectionPeriod: 40,
};
export const RECEIPTS = { Draws: 4, MinDraw: 1_000, RevealPeriod: 24, ClosePeriod: 12, BatchPeriod: 8 };

const keyring = new Keyring({ type: 'sr25519' });

/** What [`setUp`] makes. */
export const stage = {};

export const pair = (key) => keyring.addFromUri(key);

/** Submits a call, and resolves to its events once it is in a block; rejects where it failed. */
export function submit(call, key) {
	const { api } = stage;
	return new Promise((resolve, reject) => {
		const done = ({ status, events, dispatchError, isError }) => {
			if (isError) return reject(new Error(`the pool gave it up: ${status.type}`));
			if (!status.isInBlock) return;
			const sudid = events.find(({ event }) => api.events.sudo.Sudid.is(event));
			const failed = dispatchError ?? (sudid?.event.data.sudoResult.isErr && sudid.event.data.sudoResult.asErr);
			if (!failed) return resolve(events);
			if (!failed.isModule) return reject(new Error(failed.toString()));
			const { section, name } = api.registry.findMetaError(failed.asModule);
			reject(new Error(`${section}.${name}`));
		};
		call.signAndSend(pair(key), { nonce: -1 }, done).catch(reject);
	});
}

/** What decides about attribution takes a call that contributors have not rejected. */
export const set = (pallet, values) =>
	Object.entries(values).map(([name, value]) =>
		stage.api.tx.utility.dispatchAs(
			{ Voice: 'Vetted' },
			stage.api.tx.parameters.setParameter({ [pallet]: { [name]: [null, value] } }),
		),
	);

/** Has accounts hold this much OPEN. */
export const endow = (keys, amount) =>
	keys.map((key) => stage.api.tx.balances.forceSetBalance(address(key), amount * OPEN));

/** Has the chain do all of it as its root. */
export const asRoot = (calls) =>
	submit(stage.api.tx.sudo.sudo(stage.api.tx.utility.batchAll(calls)), '//Alice');

/** Whether every parameter has the value that the tests gave it. */
export async function checkParameters(pallet, values) {
	for (const [name, value] of Object.entries(values)) {
		const stored = await stage.api.query.parameters.parameters({ [pallet]: { [name]: null } });
		assert.equal(stored.unwrap()[`as${pallet}`][`as${name}`].toNumber(), value, name);
	}
}

/** Starts the node, sets what the tests need, publishes the model, and has everyone register. */
export async function setUp() {
	const folder = await mkdtemp(join(tmpdir(), 'openledger-audits-'));
	stage.folder = folder;
	stage.handout = await Handout.start();
	const data = ['--base-path', join(folder, 'chain'), '--operator-store', join(folder, 'content')];
	const worker = ['--operator', '--operator-base', base(), '--operator-agent', address(AGENT)];
	// Issuance is looked up at both ends of the run, further apart than states are kept by default.
	const chain = ['--dev', '--chain', await specify(folder), '--state-pruning', 'archive'];
	stage.args = [...chain, ...data, ...worker];
	const node = await startNode(stage.args);
	stage.node = node;
	stage.api = await connect(node);
	const run = client(node, folder);
	stage.run = run;
	const fund = [
		...endow([...VERIFIERS, LIAR.agent], 10_000n),
		...endow([BRIBED.verifier], BRIBED.bond + 1_000n),
		...endow([BRIBED.agent, ...DECEIVED, ...VERIFIERS.map((verifier) => `${verifier}//agent`)], 100n),
	];
	// Versions are audited in the tests of a network, since that takes as long as all of these.
	// With the chain's own reward the verifiers' part of so few fees would be spent on the first seats.
	const audits = { ...AUDITS, ModelsRate: 0, SeatReward: 1e12 };
	await asRoot([...set('Audits', audits), ...set('Receipts', RECEIPTS), ...fund]);
	await checkParameters('Audits', audits);
	await checkParameters('Receipts', RECEIPTS);
	// From here on nothing is made that is not burned of fees.
	stage.begun = (await node.best()) + 1;
	for (const verifier of VERIFIERS) {
		const agent = `${verifier}//agent`;
		const key = pair(agent).publicKey;
		await node.rpc('author_insertKey', 'oper', agent, `0x${Buffer.from(key).toString('hex')}`);
		await run(verifier, 'verifier', 'register', '--agent', address(agent), '--bond', BOND);
	}
	const terms = (endpoint) => ['--bond', BOND, '--endpoint', endpoint];
	const [published] = await Promise.all([
		publishModel(run, folder, EPOCHS),
		run(OPERATOR, 'operator', 'register', '--agent', AGENT, ...terms(node.worker)),
		run(LIAR.operator, 'operator', 'register', '--agent', address(LIAR.agent), ...terms(stage.handout.url)),
	]);
	stage.model = published.model;
	await run(OPERATOR, 'operator', 'serve', stage.model);
	await run(LIAR.operator, 'operator', 'serve', stage.model);
}

export async function tearDown() {
	await stage.api?.disconnect();
	await stage.node?.stop();
	await stage.handout?.stop();
	if (stage.folder) await rm(stage.folder, { recursive: true, force: true, maxRetries: 5 });
}

export const trace = (request) => stage.node.rpc('openledger_trace', request);
export const audit = (request) => stage.node.rpc('openledger_audit', request);
export const bond = async (key) =>
	BigInt((await stage.node.rpc('openledger_operator', address(key))).bond);
export const accrued = async (key) =>
	BigInt((await stage.node.rpc('openledger_rewards', address(key))).accrued);

/** Asks on chain, and does not wait. */
export const ask = (operator) =>
	stage.run(PAYER, 'ask', stage.model, QUESTION, '--max-tokens', ANSWER_TOKENS, '--operator', address(operator),
		'--max-fee', 2, '--detach');

/** Waits until a request is settled or refunded, and its audit is over. */
export async function ended(request) {
	const found = await until(`request ${request} ends`, stage.node, async () => {
		const found = await trace(request);
		return ['settled', 'refunded'].includes(found.state) && found;
	});
	return { ...found, audit: await audit(request) };
}

let lost;

/** The number of the last block that a node has finalised. */
export async function finalised(node) {
	const hash = await node.rpc('chain_getFinalizedHead');
	return Number((await node.rpc('chain_getHeader', hash)).number);
}

/** What was in existence and what is differ by what was burned of fees, and by nothing else. */
export async function conserved(first) {
	const { api, node } = stage;
	const last = await node.best();
	// Before that another block can take the place of one that was looked at.
	await until(`block ${last} is final`, node, async () => (await finalised(node)) >= last);
	const events = await eventsOf(api, first, last);
	const expected = (await issuance(api, first - 1)) - burned(api, events);
	const issued = await issuance(api, last);
	lost = expected - issued;
	assert.equal(lost, 0n);
	assert.equal(await owned(api, last), issued, 'what all accounts have together');
	return events;
}

/** A test of an abuse, which scripts/abuse wants a line of: whether it failed, and what was lost. */
export function abuse(name, attempt) {
	test(name, async () => {
		const tell = async (passed) => {
			const line = { abuse: name, passed, lost: lost === null ? null : Number(lost) };
			const file = process.env.OPENLEDGER_ABUSE;
			if (file) await appendFile(file, `${JSON.stringify(line)}\n`);
		};
		lost = null;
		await attempt().then(
			() => tell(true),
			async (error) => {
				await tell(false);
				throw error;
			},
		);
	});
}

/** A claim that credits nobody, for an answer of the model. */
export async function emptyClaim() {
	const { dimension } = (await stage.node.rpc('openledger_model', stage.model)).method;
	return {
		sketch: Array(dimension).fill(1),
		gain: 250,
		trace: `0x${'00'.repeat(32)}`,
		contributors: [],
		records: [],
	};
}
