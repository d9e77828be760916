import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Keyring } from '@polkadot/api';

import { address, burned, connect, eventsOf, issuance, sum, transactionFees, worth } from './chain.js';
import { QUESTION, base, client, publishModel } from './client.js';
import { startNode, until } from './node.js';

const OPERATOR = '//Alice';
const PAYER = '//Ferdie';
const VERIFIERS = ['//Bob//verifier', '//Charlie//verifier', '//Dave//verifier'];
/** An operator whose agent no node works for: what it answers is made up here. */
const LIAR = { operator: '//Eve', agent: '//Eve//agent' };

const OPEN = 10n ** 18n;
const BOND = 2_000n;
const MIN_PENALTY = 10n * OPEN;
const ANSWER_TOKENS = 16;
/** Enough for the answer to be a record's, and for its contributor to be paid. */
const EPOCHS = 24;
/** Blocks of each period, and every claim audited: the chain's own would take minutes. */
const PARAMETERS = {
	RoundLength: 2,
	Rate: 1_000_000,
	CommitPeriod: 60,
	RevealPeriod: 20,
	AppealWindow: 3,
	CorrectionPeriod: 40,
};

const keyring = new Keyring({ type: 'sr25519' });

let folder, node, api, run, model, lost;

/** Submits a call, and resolves to its events once it is in a block; rejects where it failed. */
function submit(call, key) {
	return new Promise((resolve, reject) => {
		const pair = keyring.addFromUri(key);
		const done = ({ status, events, dispatchError }) => {
			if (!status.isInBlock) return;
			const sudid = events.find(({ event }) => api.events.sudo.Sudid.is(event));
			const failed = dispatchError ?? (sudid?.event.data.sudoResult.isErr && sudid.event.data.sudoResult.asErr);
			if (!failed) return resolve(events);
			if (!failed.isModule) return reject(new Error(failed.toString()));
			const { section, name } = api.registry.findMetaError(failed.asModule);
			reject(new Error(`${section}.${name}`));
		};
		call.signAndSend(pair, { nonce: -1 }, done).catch(reject);
	});
}

/** Whether every parameter has the value that the tests gave it. */
async function checkParameters() {
	for (const [name, value] of Object.entries(PARAMETERS)) {
		const stored = await api.query.parameters.parameters({ Audits: { [name]: null } });
		assert.equal(stored.unwrap().asAudits[`as${name}`].toNumber(), value, name);
	}
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'openledger-audits-'));
	const data = ['--base-path', join(folder, 'chain'), '--operator-store', join(folder, 'content')];
	node = await startNode(['--dev', ...data, '--operator', '--operator-base', base()]);
	api = await connect(node);
	run = client(node, folder);
	// What decides about attribution takes a call that contributors have not rejected.
	const calls = Object.entries(PARAMETERS).map(([name, value]) =>
		api.tx.utility.dispatchAs(
			{ Voice: 'Vetted' },
			api.tx.parameters.setParameter({ Audits: { [name]: [null, value] } }),
		),
	);
	const fund = [...VERIFIERS, LIAR.agent].map((key) =>
		api.tx.balances.forceSetBalance(address(key), 10_000n * OPEN),
	);
	for (const verifier of VERIFIERS) {
		fund.push(api.tx.balances.forceSetBalance(address(`${verifier}//agent`), 100n * OPEN));
	}
	await submit(api.tx.sudo.sudo(api.tx.utility.batchAll([...calls, ...fund])), '//Alice');
	await checkParameters();
	for (const verifier of VERIFIERS) {
		const agent = `${verifier}//agent`;
		const key = keyring.addFromUri(agent).publicKey;
		await node.rpc('author_insertKey', 'oper', agent, `0x${Buffer.from(key).toString('hex')}`);
		await run(verifier, 'verifier', 'register', '--agent', address(agent), '--bond', BOND);
	}
	const terms = ['--bond', BOND, '--endpoint', node.worker];
	const [published] = await Promise.all([
		publishModel(run, folder, EPOCHS),
		run(OPERATOR, 'operator', 'register', '--agent', '//Alice//operator', ...terms),
		run(LIAR.operator, 'operator', 'register', '--agent', address(LIAR.agent), ...terms),
	]);
	model = published.model;
	await run(OPERATOR, 'operator', 'serve', model);
	await run(LIAR.operator, 'operator', 'serve', model);
});

after(async () => {
	await api?.disconnect();
	await node?.stop();
	if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const trace = (request) => node.rpc('openledger_trace', request);
const audit = (request) => node.rpc('openledger_audit', request);
const bond = async (key) => BigInt((await node.rpc('openledger_operator', address(key))).bond);
const accrued = async (key) => BigInt((await node.rpc('openledger_rewards', address(key))).accrued);
const upheld = async () => (await node.rpc('openledger_verifiers')).map(({ upheld }) => upheld);

const ask = (operator) =>
	run(PAYER, 'ask', model, QUESTION, '--max-tokens', ANSWER_TOKENS, '--operator', address(operator),
		'--max-fee', 2, '--detach');

/** Waits until a request is settled or refunded, and its audit is over. */
async function ended(request) {
	const found = await until(`request ${request} ends`, node, async () => {
		const found = await trace(request);
		return ['settled', 'refunded'].includes(found.state) && found;
	});
	return { ...found, audit: await audit(request) };
}

/** What was in existence and what is differ by what was burned of fees, and by nothing else. */
async function conserved(first) {
	const last = await node.best();
	const events = await eventsOf(api, first, last);
	const expected = (await issuance(api, first - 1)) - burned(api, events);
	lost = expected - (await issuance(api, last));
	assert.equal(lost, 0n);
	return events;
}

/** A test of an abuse, which scripts/abuse wants a line of: whether it failed, and what was lost. */
function abuse(name, attempt) {
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
async function emptyClaim() {
	const { dimension } = (await node.rpc('openledger_model', model)).method;
	return {
		sketch: Array(dimension).fill(1),
		gain: 250,
		trace: `0x${'00'.repeat(32)}`,
		contributors: [],
		records: [],
	};
}

let honest;

test('honest_answer_is_upheld_and_paid', async () => {
	const { request } = await ask(OPERATOR);
	honest = await ended(request);
	assert.deepEqual([honest.state, honest.audit.stage], ['settled', 'concluded']);
	assert.deepEqual(honest.audit.verdict, { kind: 'upheld' });
	assert.ok(sum(honest.distribution.contributors.map(({ amount }) => amount)) > 0n, honest.answer);
	assert.deepEqual(await upheld(), [1, 1, 1]);
	assert.equal(await bond(OPERATOR), BOND * OPEN);
	await conserved(honest.requestedAt);
});

abuse('operator_that_lies_about_its_claim_pays_and_contributors_are_paid_all_the_same', async () => {
	const { request } = await ask(LIAR.operator);
	const answer = Buffer.from(honest.answer).toString('hex');
	const call = api.tx.inference.answer(request, `0x${answer}`, honest.usage, await emptyClaim());
	await submit(call, LIAR.agent);
	const end = await ended(request);
	assert.deepEqual([end.state, end.audit.verdict.kind], ['settled', 'refuted']);
	assert.equal(end.audit.verdict.answer, (await api.query.audits.verdicts(request)).unwrap().asRefuted.answer.toHex());
	assert.ok((await bond(LIAR.operator)) <= BOND * OPEN - MIN_PENALTY);
	// The true claim was brought by a verifier, and pays by what the honest operator's did.
	assert.notDeepEqual(end.sketch, (await emptyClaim()).sketch);
	for (const part of ['sketch', 'gain', 'earnedPpm', 'paid', 'evidence']) {
		assert.deepEqual(end[part], honest[part], part);
	}
	assert.deepEqual(end.distribution.contributors, honest.distribution.contributors);
	assert.deepEqual(await upheld(), [2, 2, 2]);
	// They are paid out of the verifiers' part of fees, of which there was none before.
	assert.ok(sum(await Promise.all(VERIFIERS.map(accrued))) > 0n);
	await conserved(end.requestedAt);
});

/** Has the liar answer, and checks that the payer has its fee back and the liar paid for it. */
async function rejected(text, usage) {
	const earlier = await worth(api, PAYER);
	const { request } = await ask(LIAR.operator);
	const bonded = await bond(LIAR.operator);
	const answer = `0x${Buffer.from(text).toString('hex')}`;
	await submit(api.tx.inference.answer(request, answer, usage, await emptyClaim()), LIAR.agent);
	const end = await ended(request);
	assert.deepEqual([end.state, end.audit.verdict.kind], ['refunded', 'refuted']);
	assert.ok((await bond(LIAR.operator)) <= bonded - MIN_PENALTY);
	const events = await conserved(end.requestedAt);
	assert.equal(earlier - (await worth(api, PAYER)), transactionFees(api, events, PAYER));
}

abuse('payer_is_refunded_when_the_answer_is_false', () =>
	rejected('The door is whatever you want it to be.', { prompt: 20, output: 9 }));

abuse('payer_is_refunded_when_the_answer_is_charged_for_tokens_that_it_did_not_take', () =>
	rejected(honest.answer, { ...honest.usage, prompt: honest.usage.prompt + 3 }));

test('client_shows_audits_and_verifiers', async () => {
	const all = await run(PAYER, 'verifier', 'list');
	assert.equal(all.length, VERIFIERS.length);
	const shown = await run(PAYER, 'audit', 'show', honest.request);
	assert.equal(shown.stage, 'concluded');
	await assert.rejects(run(PAYER, 'audit', 'show', 4_000_000), /is not audited/);
	await assert.rejects(run(PAYER, 'audit', 'appeal', honest.request), /UnknownAudit/);
	await assert.rejects(run(PAYER, 'verifier', 'register', '--agent', '//Ferdie//a', '--bond', 1), /BondTooSmall/);
});
