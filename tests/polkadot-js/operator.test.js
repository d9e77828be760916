import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
	address,
	burned,
	connect,
	escrow,
	eventsOf,
	happened,
	issuance,
	sum,
	transactionFees,
	worth,
} from './chain.js';
import { QUESTION, base, client, publishModel } from './client.js';
import { startNode, until } from './node.js';

const OPERATOR = '//Alice';
const PAYER = '//Ferdie';
// A payer of its own: its fee is still in escrow when the tests after it look at escrows.
const FIRST_PAYER = '//Eve';

// The least that the runtime lets a request leave for its answer.
const SHORTEST_DEADLINE = 5;
const NOT_AN_OPERATOR = 7004;

let folder, operator, api, run, published;

async function startOperator() {
	const data = ['--base-path', join(folder, 'chain'), '--operator-store', join(folder, 'content')];
	operator = await startNode(['--dev', ...data, '--operator', '--operator-base', base()]);
	api = await connect(operator);
	run = client(operator, folder);
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'openledger-operator-'));
	await startOperator();
	const terms = ['--agent', '//Alice//operator', '--bond', 2_000, '--endpoint', operator.worker];
	[published] = await Promise.all([
		publishModel(run, folder),
		run(OPERATOR, 'operator', 'register', ...terms),
	]);
	await run(OPERATOR, 'operator', 'serve', published.model);
});

after(async () => {
	await api?.disconnect();
	await operator?.stop();
	if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const trace = (request, ...at) => operator.rpc('openledger_trace', request, ...at);
const workerStatus = () => operator.rpc('openledger_operatorStatus');
const nonce = (key) => operator.rpc('system_accountNextIndex', address(key));
const nextRequest = async () => (await api.query.inference.nextRequest()).toBigInt();

/** Runs a command that has to fail, with a message and in no other way. */
async function refused(message, key, ...command) {
	const failure = await run(key, ...command).then(
		() => assert.fail(`openledger ${command.join(' ')} was not refused`),
		(error) => error,
	);
	if (typeof failure.stderr !== 'string') throw failure;
	assert.equal(failure.status, 1, failure.message);
	assert.match(failure.stderr, /^openledger: /m);
	assert.match(failure.stderr, message);
	return failure;
}

test('answer_and_claim_are_the_same_when_a_node_without_engine_follows', async () => {
	const peer = ['--no-mdns', '--reserved-only', '--reserved-nodes', await operator.address()];
	const data = ['--base-path', join(folder, 'follower')];
	const follower = await startNode(['--chain', 'dev', ...data, ...peer]);
	try {
		const ask = ['ask', published.model, QUESTION, '--max-tokens', 16, '--deadline', 90];
		const { request } = await run(FIRST_PAYER, ...ask, '--detach');
		const answered = await until('the request is answered', operator, async () => {
			const found = await trace(request);
			return found.state !== 'pending' && found;
		});
		assert.ok(answered.answer, `the request was ${answered.state}:\n${operator.log()}`);
		const block = await operator.rpc('chain_getBlockHash', answered.answeredAt);
		await until('it has the block of the answer', follower, async () => {
			return (await follower.rpc('chain_getBlockHash', answered.answeredAt)) === block;
		});
		const there = await follower.rpc('openledger_trace', request, block);
		assert.deepEqual(there, await trace(request, block));
		assert.deepEqual([there.state, there.answer], ['answered', answered.answer]);
		assert.match(there.claim, /^0x[0-9a-f]{64}$/);
		await assert.rejects(follower.rpc('openledger_operatorStatus'), {
			code: NOT_AN_OPERATOR,
			message: /no operator/,
		});
	} finally {
		await follower.stop();
	}
});

test('client_refuses_and_nothing_changes_when_input_is_bad', async (t) => {
	const { model, datanet } = published;
	const file = (name) => join(folder, name);
	await writeFile(file('latin.jsonl'), Buffer.from('{"text":"caf\xe9"}\n', 'latin1'));
	await writeFile(file('empty.jsonl'), '');
	await mkdir(file('no-records'));
	const ask = (...options) => ['ask', model, QUESTION, '--detach', ...options];
	const contribute = (name) => ['datanet', 'contribute', datanet, file(name)];
	const cases = [
		['model_is_unknown', ['ask', 4_000_000_000, QUESTION], /there is no model 4000000000/],
		['file_is_missing', contribute('missing.jsonl'), /can't read .*missing\.jsonl/],
		['folder_holds_no_records', contribute('no-records'), /no-records holds no/],
		['file_is_empty', contribute('empty.jsonl'), /empty\.jsonl holds no record/],
		['file_is_not_utf8', contribute('latin.jsonl'), /latin\.jsonl:1: not UTF-8/],
		// Only the runtime can tell these: the refused transaction is in a block.
		['fee_is_too_low', ask('--max-fee', '1units'), /FeeTooLow/, 1],
		['deadline_is_too_short', ask('--deadline', SHORTEST_DEADLINE - 1), /DeadlineOutOfRange/, 1],
	];
	const state = async () => ({
		requests: await nextRequest(),
		contributions: await operator.rpc('openledger_contributions', datanet),
		content: (await workerStatus()).content.blobs,
		escrow: await escrow(api, PAYER),
	});
	for (const [name, command, message, transactions = 0] of cases) {
		await t.test(name, async () => {
			const [earlier, used] = [await state(), await nonce(PAYER)];
			const { stdout } = await refused(message, PAYER, ...command);
			assert.equal(stdout, '');
			assert.deepEqual(await state(), earlier);
			assert.equal((await nonce(PAYER)) - used, transactions);
		});
	}
});

test('request_ends_exactly_once_when_operator_is_killed_while_answering', async (t) => {
	const earlier = await worth(api, PAYER);
	const story = 'Write a long story about a lighthouse and the people who kept its light.';
	const ask = ['ask', published.model, story, '--max-tokens', 384, '--deadline', 60];
	const { request } = await run(PAYER, ...ask, '--detach');
	const asked = await trace(request);
	assert.equal(await escrow(api, PAYER), BigInt(asked.fee));
	await until('the worker has the request', operator, async () => {
		const { queue } = await workerStatus();
		return queue.running.includes(request) || queue.finished > 0;
	});
	// The database writes behind: a request of the newest block could be lost with that block. An
	// answer is submitted from the block after the request's on, so it is in none yet.
	await until('a block follows', operator, async () => (await operator.best()) > asked.requestedAt);
	assert.equal((await trace(request)).state, 'pending');
	await api.disconnect();
	await operator.kill();

	await startOperator();
	const end = await until('the request ends', operator, async () => {
		const found = await trace(request);
		return ['settled', 'refunded'].includes(found.state) && found;
	});
	t.diagnostic(`after the restart the request was ${end.state}`);
	const settled = end.state === 'settled';
	const last = await operator.best();
	const events = await eventsOf(api, asked.requestedAt, last);
	assert.deepEqual(happened(api, events, request), {
		Requested: 1,
		Answered: settled ? 1 : 0,
		Settled: settled ? 1 : 0,
		Refunded: settled ? 0 : 1,
		ExpiryFailed: 0,
	});
	const stored = (await api.query.inference.requests(request)).unwrap();
	assert.equal(stored.status.type, settled ? 'Settled' : 'Refunded');
	const assigned = await api.query.inference.assigned(address(OPERATOR));
	assert.ok(!assigned.some((other) => other.eq(request)), 'it is still assigned');

	const cost = settled ? BigInt(end.fee) : 0n;
	const spent = cost + transactionFees(api, events, PAYER);
	assert.equal(earlier - (await worth(api, PAYER)), spent);
	assert.equal(await escrow(api, PAYER), 0n);
	const issued = await issuance(api, asked.requestedAt - 1);
	assert.equal(await issuance(api, last), issued - burned(api, events));
	if (!settled) {
		assert.equal(end.distribution, null);
		return;
	}
	const { contributors, verifiers, validators, treasury, ...parts } = end.distribution;
	const payments = [...contributors, parts.owner, parts.royalty, parts.operator];
	assert.equal(parts.fee, end.fee);
	const amounts = payments.map(({ amount }) => amount);
	assert.equal(sum([...amounts, verifiers, validators, treasury]), cost);
});

test('request_is_refunded_when_operator_lost_the_content_of_its_model', async () => {
	const { adapter, index } = await operator.rpc('openledger_model', published.model);
	const names = [adapter, index.file].map((hash) => hash.slice(2));
	await api.disconnect();
	// What was loaded before stays in memory, and is served whatever becomes of its file.
	await operator.stop();
	for (const name of names) await rm(join(folder, 'content', 'blobs', name.slice(0, 2), name));
	await startOperator();
	for (const name of names) {
		const { status } = await fetch(`${operator.worker}/content/${name}`, { method: 'HEAD' });
		assert.equal(status, 404);
	}
	const missed = async () => (await operator.rpc('openledger_operator', address(OPERATOR))).missed;
	const [earlier, missedEarlier] = [await worth(api, PAYER), await missed()];
	const ask = ['ask', published.model, QUESTION, '--deadline', SHORTEST_DEADLINE];
	const { stdout } = await refused(/not answered in time/, PAYER, ...ask);
	const { request } = JSON.parse(stdout);
	const end = await trace(request);
	assert.deepEqual([end.state, end.answer, end.claim], ['refunded', null, null]);
	assert.equal(end.deadline - end.requestedAt, SHORTEST_DEADLINE);
	const best = await operator.best();
	const events = await eventsOf(api, end.requestedAt, best);
	const expected = { Requested: 1, Answered: 0, Settled: 0, Refunded: 1, ExpiryFailed: 0 };
	assert.deepEqual(happened(api, events, request), expected);
	assert.equal(earlier - (await worth(api, PAYER)), transactionFees(api, events, PAYER));
	assert.equal(await escrow(api, PAYER), 0n);
	assert.equal(await missed(), missedEarlier + 1);

	// Otherwise a worker that is merely too slow for the deadline would pass.
	const metrics = await (await fetch(operator.metrics)).text();
	assert.match(metrics, /^openledger_failures_total\{.*kind="missing_content".*\} [1-9]/m);
	assert.equal((await workerStatus()).work.answers, 0);
	assert.ok((await fetch(`${operator.worker}/health`)).ok, 'the worker is not healthy');
	await until('blocks go on', operator, async () => (await operator.best()) > best + 2);
});

test('client_refuses_when_model_is_retired', async () => {
	const { model, owner } = published;
	await run(owner, 'model', 'retire', model);
	const [requests, used] = [await nextRequest(), await nonce(PAYER)];
	await refused(/there is no model \d+ to ask/, PAYER, 'ask', model, QUESTION);
	assert.equal(await nextRequest(), requests);
	assert.equal(await nonce(PAYER), used);
});
