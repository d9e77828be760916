import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { address, sum } from './chain.js';
import { QUESTION, base, client, publishModel } from './client.js';
import { startNode, until } from './node.js';

const OPERATOR = '//Alice';
const PAYER = '//Ferdie';
const ANSWER_TOKENS = 16;
/** A file that is not there yet, and 4 credits, which leave room for 4 records of as many components. */
const RETRIEVED = (folder) => ['--retrieval', join(folder, 'lighthouse.retrieval'), '--retrieved-part', 40];

let folder, node, run, published;

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'openledger-retrieval-'));
	const data = ['--base-path', join(folder, 'chain'), '--operator-store', join(folder, 'content')];
	node = await startNode(['--dev', ...data, '--operator', '--operator-base', base()]);
	run = client(node, folder);
	const terms = ['--agent', '//Alice//operator', '--bond', 2_000, '--endpoint', node.worker];
	[published] = await Promise.all([
		publishModel(run, folder, 1, [...RETRIEVED(folder), '--credits', 4]),
		run(OPERATOR, 'operator', 'register', ...terms),
	]);
	await run(OPERATOR, 'operator', 'serve', published.model);
});

after(async () => {
	await node?.stop();
	if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const trace = (request) => node.rpc('openledger_trace', request);

test('version_tells_what_finds_records_for_its_prompts', async () => {
	const { retrieval, index } = await node.rpc('openledger_model', published.model);
	assert.deepEqual([retrieval.most, retrieval.dimension, retrieval.partPpm], [4, 2_048, 400_000]);
	assert.equal(retrieval.index.records, index.records);
	assert.notEqual(retrieval.index.file, index.file);
	for (const hash of [retrieval.lens, retrieval.index.file]) {
		const held = await fetch(`${node.worker}/content/${hash.slice(2)}`, { method: 'HEAD' });
		assert.equal(held.status, 200, hash);
	}
});

test('version_is_refused_before_anything_is_paid_when_claims_have_no_room', async () => {
	const before = await node.rpc('system_accountNextIndex', address(published.owner));
	const publishing = ['--base', base(), '--name', 'too much', ...RETRIEVED(folder)];
	await assert.rejects(
		run(published.owner, 'model', 'publish', published.folder, ...publishing),
		/--credits 4 has room/,
	);
	assert.equal(await node.rpc('system_accountNextIndex', address(published.owner)), before);
});

let request;

test('record_that_fits_the_question_is_in_the_prompt_and_in_the_claim', async () => {
	const asked = await run(PAYER, 'ask', published.model, QUESTION, '--max-tokens', ANSWER_TOKENS);
	request = asked.request;
	const { found } = await trace(request);
	assert.equal(found.partPpm, 400_000);
	assert.equal(found.evidence[0].contributor, address('//Charlie'));
	assert.deepEqual(
		found.evidence.map(({ position }) => position),
		found.paid.map(({ position }) => position),
	);
	assert.deepEqual((await node.rpc('openledger_claim', request)).found, found);
});

test('nothing_is_to_be_challenged_in_a_prompt_that_has_what_it_should', async () => {
	const looked = await run(PAYER, 'challenge', 'claim', request, '--base', base());
	assert.equal(looked.found, null);
	assert.equal(looked.unlooked, undefined);
	const partly = await run(PAYER, 'challenge', 'claim', request);
	assert.match(partly.unlooked, /--base/);
});

test('records_in_the_prompt_are_paid_beside_those_that_moved_the_answer', async () => {
	const { distribution } = await until(`request ${request} is settled`, node, async () => {
		const found = await trace(request);
		return found.state === 'settled' && found;
	});
	const paid = sum(distribution.contributors.map(({ amount }) => amount));
	const charlie = distribution.contributors.find(({ account }) => account === address('//Charlie'));
	const shown = await run(PAYER, 'trace', request);
	const [first] = shown.found.records;
	assert.deepEqual([first.number, first.contributor], [1, address('//Charlie')]);
	assert.ok(first.excerpt.includes('lighthouse'), first.excerpt);
	assert.ok(first.relevance_ppm > 0 && BigInt(first.share.amount) > 0n);
	assert.ok(BigInt(charlie.amount) >= BigInt(first.share.amount));
	const explained = await run(PAYER, 'trace', request, '--explain');
	const kinds = new Set(explained.records.map(({ kind }) => kind));
	assert.ok(kinds.has('retrieval'));
	// Each record has its own part of what the chain paid.
	assert.equal(sum(explained.records.map(({ share }) => share.amount)), paid);
});
