// What a node does with input that it can't take: it refuses with a reason and an exit code, and
// goes on or leaves everything as it was.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect as openSocket, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Keyring, WsProvider } from '@polkadot/api';

import { connect } from './chain.js';
import { binary, startNode, track, until } from './node.js';

// As in docs/running.md.
const EXIT = { usage: 2, spec: 3, database: 4, address: 5, storage: 6, keys: 7 };

// `:code`
const CODE_KEY = '0x3a636f6465';
const GENESIS = /genesis of chain `dev` can't be built/;
// The parameters, the keystore and the key type.
const REFUSALS = [-32602, 1040, 1041];
const END_LIMIT_MS = 300_000;
const MEBIBYTE = 1024 * 1024;
const BATCH = 64;
const REQUEST_MIB = 15;
const CONNECTIONS = 100;
// Enough for the database to write its log out while the node stops.
const THRESHOLD_MIB = 32;
const THRESHOLD = ['--db-storage-threshold', `${THRESHOLD_MIB}`];

/** On this machine alone, and on ports that the system chooses. */
const ALONE = ['--listen-addr', '/ip4/127.0.0.1/tcp/0', '--no-prometheus'];
const LOCAL = [...ALONE, '--rpc-port', '0'];

const execute = promisify(execFile);

let folder, spec, node, api, outward, disk;

const file = (name) => join(folder, name);

// A raw genesis, since building one takes the runtime longer than all the rest of a start.
const chain = () => [
	...['--chain', file('raw.json'), '--alice', '--force-authoring'],
	...['--no-mdns', '--unsafe-force-node-key-generation'],
];

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'openledger-badinput-'));
	disk = await mountDisk('full', 'size=128m');
	const exported = await execute(
		binary('openledger-node', 'OPENLEDGER_NODE'),
		['export-chain-spec', '--chain', 'dev', '--raw'],
		{ maxBuffer: 64 * MEBIBYTE },
	);
	spec = JSON.parse(exported.stdout);
	await writeFile(file('raw.json'), exported.stdout);
	[node, outward] = await Promise.all([
		startNode([...chain(), '--base-path', file('chain')]),
		openToOthers(...THRESHOLD, '--db-storage-polling-period', '1'),
	]);
	api = await connect(node);
});

after(async () => {
	await api?.disconnect();
	await node?.stop();
	await outward?.stop();
	if (disk?.at) await execute('umount', ['-l', disk.at]);
	if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Mounts a file system of its own at a new folder; says why where that can't be. */
async function mountDisk(name, options) {
	const at = file(name);
	await mkdir(at);
	try {
		await execute('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]);
		return { at };
	} catch (error) {
		return { why: `can't mount a file system: ${error.stderr || error.message}` };
	}
}

/** A node whose RPC other machines reach, on the small disk if there is one. */
async function openToOthers(...args) {
	const server = await occupied();
	const { port } = server.address();
	server.close();
	const rpc = ['--rpc-external', '--rpc-methods', 'auto', '--rpc-cors', 'all', '--rpc-port', `${port}`];
	const data = ['--base-path', disk.at ?? file('outward')];
	const running = run(...chain(), ...rpc, ...data, ...ALONE, ...args);
	const ask = async (method, host = '127.0.0.1') =>
		(await post({ ...health(1), method, params: [] }, `http://${host}:${port}`)).json();
	let over = false;
	running.ended.then(() => (over = true));
	while (!(await ask('system_health').catch(() => null))) {
		if (over) assert.fail(`the node ended:\n${running.output()}`);
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
	const best = async () => Number((await ask('chain_getHeader')).result.number);
	return { ...running, ask, best };
}

/** Runs the binary. */
function run(...args) {
	const child = track(
		spawn(binary('openledger-node', 'OPENLEDGER_NODE'), args, { stdio: ['ignore', 'pipe', 'pipe'] }),
	);
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text) => (output += text));
	}
	const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
	const stop = () => {
		child.kill('SIGTERM');
		return ended;
	};
	return { ended, stop, output: () => output, kill: () => child.kill('SIGKILL') };
}

/** Runs the binary until it ends by itself. */
async function ends(...args) {
	const running = run(...args);
	const timer = setTimeout(running.kill, END_LIMIT_MS);
	const { code, signal } = await running.ended;
	clearTimeout(timer);
	assert.equal(signal, null, `${args.join(' ')} did not end:\n${running.output()}`);
	return { code, output: running.output() };
}

/** A start that has to fail with this code and message, and without a panic. */
async function refused(exit, message, ...args) {
	const { code, output } = await ends(...args);
	const told = `${args.join(' ')}:\n${output}`;
	assert.equal(code, exit, told);
	assert.match(output, /^(Error|error): /m, told);
	assert.match(output, message, told);
	assert.doesNotMatch(output, /panicked|RUST_BACKTRACE|stack backtrace/, told);
}

async function occupied() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	return server;
}

const post = (body, url = node.url.replace('ws:', 'http:')) =>
	fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});

const health = (id) => ({ jsonrpc: '2.0', id, method: 'system_health', params: [] });

test('keys_are_refused_when_they_are_malformed', async () => {
	const { publicKey } = new Keyring({ type: 'sr25519' }).addFromUri('//Keeper');
	const key = `0x${Buffer.from(publicKey).toString('hex')}`;
	const insert = (...params) => node.rpc('author_insertKey', ...params);
	for (const params of [
		['babe', 'garbage seed words', key],
		['babe', '//Keeper', '0x'],
		['babe', '//Keeper', key.slice(0, -2)],
		['babe', '//AnotherKeeper', key],
		['gran', '//Keeper', key],
		['zzzz', '//Keeper', key],
		['ba', '//Keeper', key],
		['babe', '//Keeper', 'nothex'],
		['babe', '//Keeper'],
	]) {
		await assert.rejects(insert(...params), ({ code }) => REFUSALS.includes(code), params.join(' '));
	}
	assert.equal(await node.rpc('author_hasKey', key, 'babe'), false);
	await insert('babe', '//Keeper', key);
	assert.equal(await node.rpc('author_hasKey', key, 'babe'), true);

	await assert.rejects(node.rpc('author_hasSessionKeys', '0x00'), /not encoded correctly/);
	await assert.rejects(node.rpc('author_hasSessionKeys', 'garbage'), { code: -32602 });
	await assert.rejects(node.rpc('author_rotateKeysWithOwner', 'garbage'), { code: -32602 });
	await assert.rejects(node.rpc('author_rotateKeysWithOwner'), { code: -32602 });
});

test('session_keys_are_refused_on_chain_when_the_proof_is_not_theirs', async () => {
	const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');
	const owner = `0x${Buffer.from(alice.publicKey).toString('hex')}`;
	const { keys, proof } = await node.rpc('author_rotateKeysWithOwner', owner);
	assert.equal(await node.rpc('author_hasSessionKeys', keys), true);
	const call = (keys, proof) => api.tx.session.setKeys(keys, proof);
	const garbage = `0x${'07'.repeat((keys.length - 2) / 2)}`;
	const calls = [call(keys, '0x'), call(keys, '0x00'), call(garbage, proof), call(keys, keys)];
	const errors = await include(api.tx.utility.forceBatch(calls), alice);
	assert.deepEqual(errors, calls.map(() => 'session.InvalidProof'));
	await assert.rejects(node.rpc('author_submitExtrinsic', '0x'));
	await assert.rejects(node.rpc('author_submitExtrinsic', 'garbage'), { code: -32602 });
	assert.equal(node.ended(), false, node.log());
});

/** Signs, sends and waits for a block; resolves to the names of the errors in it. */
async function include(call, signer) {
	let stop;
	const events = await new Promise((resolve, reject) => {
		call
			.signAndSend(signer, ({ status, events }) => status.isInBlock && resolve(events))
			.then((unsubscribe) => (stop = unsubscribe), reject);
	});
	stop?.();
	const failed = events.filter(({ event }) => api.events.utility.ItemFailed.is(event));
	return failed.map(({ event }) => {
		const { section, name } = api.registry.findMetaError(event.data.error.asModule);
		return `${section}.${name}`;
	});
}

test('batch_is_refused_when_it_is_longer_than_the_limit', async () => {
	const batch = async (length) =>
		(await post(Array.from({ length }, (_, id) => health(id)))).json();
	assert.equal((await batch(BATCH)).length, BATCH);
	const { error } = await batch(BATCH + 1);
	assert.match(error.message, /batch.*too large/);
	assert.match(error.data, new RegExp(`${BATCH}`));
	assert.match((await batch(0)).error.message, /Invalid request/);
});

test('request_is_refused_when_it_is_larger_than_the_limit', async () => {
	const { port } = new URL(node.url);
	const headers = { 'content-type': 'application/json', 'content-length': REQUEST_MIB * MEBIBYTE + 1 };
	const asking = httpRequest({ host: '127.0.0.1', port, method: 'POST', headers });
	asking.flushHeaders();
	const [response] = await once(asking, 'response');
	asking.on('error', () => {}).destroy();
	assert.equal(response.statusCode, 413);
	await node.rpc('system_health');
});

test('request_is_refused_when_it_is_no_json_rpc', async () => {
	const url = node.url.replace('ws:', 'http:');
	const headers = { 'content-type': 'application/json' };
	const send = (body) => fetch(url, { method: 'POST', headers, body });
	assert.equal((await (await send('not json')).json()).error.code, -32700);
	assert.equal((await (await send('[]')).json()).error.code, -32600);
	assert.equal((await fetch(url)).status, 405);
	assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 415);
	await assert.rejects(node.rpc('no_such_method'), { code: -32601 });
	await assert.rejects(node.rpc('openledger_datanets', 0, 100_000), { code: -32602, message: /256/ });
});

test('what_an_openledger_method_asks_about_is_refused_when_it_is_malformed_or_unknown', async () => {
	const account = '5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT';
	const nowhere = `0x${'00'.repeat(32)}`;
	const page = /1\.\.=256/;
	const name = /BATCH\/DRAW/;
	// The number of draw 7/0, as JavaScript rounds it.
	const rounded = Number(2n ** 63n + (7n << 8n));
	const refusals = [
		['sessions', [0, 0], -32602, page],
		['sessions', [0, 257], -32602, page],
		['sessions', [-1], -32602],
		['sessions', ['first'], -32602],
		['session', [], -32602],
		['session', [null], -32602],
		['session', [1.5], -32602],
		['session', ['garbage'], -32602],
		['session', [0, nowhere], 7001, /not known/],
		['session', [Number.MAX_SAFE_INTEGER], 7003, /openledger_sessions/],
		['batches', [0, 0], -32602, page],
		['batches', [0, 257], -32602, page],
		['batches', [2 ** 32], -32602],
		['batch', [], -32602],
		['batch', [-1], -32602],
		['batch', ['7/0'], -32602],
		['batch', [0, nowhere], 7001, /not known/],
		['batch', [2 ** 32 - 1], 7003, /openledger_batches/],
	];
	for (const method of ['claim', 'audit']) {
		const malformed = [null, true, [], {}, -1, 1.5, 2 ** 53, rounded, '', 'garbage', '+1', '0x1', account];
		const draws = ['/', '7/', '/0', '7/0/0', '7/-1', '7/256', `${2 ** 32}/0`, '18446744073709551615'];
		for (const claim of [...malformed, ...draws]) refusals.push([method, [claim], -32602, name]);
		refusals.push(
			[method, [], -32602],
			[method, ['7/0', 'garbage'], -32602],
			[method, ['7/0', nowhere], 7001, /not known/],
			[method, [4_000_000], 7003, /request 4000000/],
			[method, ['4000000'], 7003, /request 4000000/],
			[method, ['7/0'], 7003, /draw 7\/0/],
			[method, [`${2n ** 63n + (7n << 8n)}`], 7003, /draw 7\/0/],
		);
	}
	for (const [method, params, code, message = /./] of refusals) {
		const told = `${method} ${JSON.stringify(params)}`;
		await assert.rejects(node.rpc(`openledger_${method}`, ...params), { code, message }, told);
	}
	assert.deepEqual(await node.rpc('openledger_sessions'), []);
	assert.deepEqual(await node.rpc('openledger_batches'), []);
	assert.equal(node.ended(), false, node.log());
});

/** Asks for a WebSocket connection, and resolves to the socket and the status of the answer. */
async function upgrade(port) {
	const socket = openSocket(port, '127.0.0.1');
	const headers = [
		'GET / HTTP/1.1',
		`Host: 127.0.0.1:${port}`,
		'Upgrade: websocket',
		'Connection: Upgrade',
		'Sec-WebSocket-Version: 13',
		'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
	];
	socket.write(`${headers.join('\r\n')}\r\n\r\n`);
	const [answer] = await once(socket, 'data');
	return { socket, status: Number(answer.toString().split(' ')[1]) };
}

test('connection_is_refused_and_others_go_on_when_there_are_too_many', async () => {
	const { port } = new URL(node.url);
	const provider = new WsProvider(node.url);
	await provider.isReady;
	const taken = [];
	try {
		for (let status = 101; status === 101; ) {
			const asked = await upgrade(port);
			taken.push(asked.socket);
			status = asked.status;
			assert.ok(taken.length <= CONNECTIONS, 'no connection was refused');
			if (status !== 101) assert.equal(status, 429);
		}
		// This provider's and the test's own make two of them.
		assert.equal(taken.length - 1 + 2, CONNECTIONS);
		assert.equal((await provider.send('system_health', [])).isSyncing, false);
	} finally {
		taken.forEach((socket) => socket.destroy());
		await provider.disconnect();
	}
	await until('it takes connections again', node, async () => {
		const { socket, status } = await upgrade(port);
		socket.destroy();
		return status === 101;
	});
});

test('unsafe_method_is_refused_when_the_rpc_is_open_to_other_machines', async (t) => {
	const addresses = Object.values(networkInterfaces()).flat();
	const host = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
	if (!host) t.diagnostic('no address but loopback: no call from another one was tried');
	for (const from of host ? ['127.0.0.1', host] : ['127.0.0.1']) {
		for (const method of ['author_rotateKeys', 'system_peers']) {
			const { error } = await outward.ask(method, from);
			assert.deepEqual([error.code, /unsafe/.test(error.message)], [-32601, true]);
		}
		assert.ok((await outward.ask('system_health', from)).result);
	}
});

test('start_is_refused_when_the_command_line_is_wrong', async () => {
	await Promise.all([
		refused(EXIT.usage, /--frobnicate/, '--frobnicate'),
		refused(EXIT.usage, /99999999/, '--dev', '--rpc-port', '99999999'),
		refused(EXIT.usage, /invalid multiaddress/, '--dev', '--bootnodes', 'garbage'),
		refused(EXIT.usage, /no address to listen on/, '--dev', '--listen-addr', '/ip4/127.0.0.1/udp/1'),
		refused(EXIT.usage, /node name/i, '--dev', '--name', 'a@b'),
		refused(EXIT.usage, /can't be served/, '--dev', ...LOCAL, '--operator', '--operator-base', file('no.gguf')),
		refused(EXIT.keys, /password/, '--dev', '--password-filename', file('missing')),
	]);
});

test('start_is_refused_when_the_specification_is_none', async () => {
	const code = spec.genesis.raw.top[CODE_KEY];
	const raw = await readFile(file('raw.json'), 'utf8');
	const built = (runtimeGenesis) => JSON.stringify({ ...spec, genesis: { runtimeGenesis } });
	const balances = { balances: [['5garbage', -3]] };
	const specs = {
		text: ['hello', /expected value/],
		empty: ['', /EOF/],
		list: ['[1]', /invalid type/],
		truncated: [raw.slice(0, raw.length / 2), /EOF/],
		wild: [JSON.stringify({ ...spec, id: '../../wild' }), /can't name a folder/],
		code: [built({ code: '0x00010203', patch: {} }), GENESIS],
		hex: [built({ code: 'zz', patch: {} }), /invalid hex/],
		balance: [built({ code, patch: { balances } }), GENESIS],
	};
	const load = async ([name, [content, message]]) => {
		await writeFile(file(`${name}.json`), content);
		const base = ['--base-path', file(`base-${name}`)];
		await refused(EXIT.spec, message, '--chain', file(`${name}.json`), ...base, ...LOCAL);
	};
	await Promise.all(Object.entries(specs).map(load));
	await mkdir(file('folder.json'));
	await refused(EXIT.spec, /it is a folder/, '--chain', file('folder.json'), ...LOCAL);
	await refused(EXIT.spec, /there is no chain `nowhere`/, '--chain', 'nowhere', ...LOCAL);
	await refused(EXIT.spec, /no chain is chosen/, ...LOCAL);
});

test('start_is_refused_when_a_port_is_taken', async () => {
	const server = await occupied();
	const { port } = server.address();
	const start = (...args) =>
		refused(EXIT.address, new RegExp(`can't listen on .*${port}.*another process`), '--dev', '--tmp', ...args);
	try {
		await start('--rpc-port', `${port}`, '--no-prometheus');
		await start('--rpc-port', '0', '--prometheus-port', `${port}`);
		await start('--rpc-port', '0', '--no-prometheus', '--listen-addr', `/ip4/127.0.0.1/tcp/${port}`);
	} finally {
		server.close();
	}
});

test('database_is_left_alone_when_it_is_not_this_nodes', async (t) => {
	const database = ['chains', 'dev', 'paritydb', 'full'];
	const base = ['--base-path', file('chain')];
	const same = ['--chain', file('raw.json'), ...base];
	await refused(EXIT.database, /another process uses this database/, ...same, ...LOCAL);
	assert.equal(node.ended(), false, node.log());

	const best = await node.best();
	const genesis = await node.rpc('chain_getBlockHash', 0);
	await api.disconnect();
	await node.stop();
	const metadata = file(join('chain', ...database, 'metadata'));
	const kept = await readFile(metadata, 'utf8');

	await t.test('chain_is_another', async () => {
		const changed = structuredClone(spec);
		changed.genesis.raw.top['0x00'] = '0x00';
		await writeFile(file('other.json'), JSON.stringify(changed));
		const other = ['--chain', file('other.json'), ...base, ...LOCAL];
		await refused(EXIT.database, new RegExp(`another chain's: it begins with ${genesis}`), ...other);
	});
	await t.test('version_is_newer', async () => {
		const newer = kept.replace('version=8', 'version=9');
		assert.notEqual(newer, kept);
		await writeFile(metadata, newer);
		await refused(EXIT.database, /newer version/, ...same, ...LOCAL);
		await refused(EXIT.database, /newer version/, 'chain-info', ...same);
		assert.equal(await readFile(metadata, 'utf8'), newer);
	});
	await t.test('metadata_is_damaged', async () => {
		await writeFile(metadata, kept.replace(/salt=../, 'salt='));
		await refused(EXIT.database, /damaged/, ...same, ...LOCAL);
		await rm(metadata);
		await refused(EXIT.database, /lost/, ...same, ...LOCAL);
	});
	await writeFile(metadata, kept);
	await t.test('table_is_damaged', async () => {
		const copy = file('copy');
		await cp(file('chain'), copy, { recursive: true });
		const full = join(copy, ...database);
		const tables = (await readdir(full)).filter((name) => name.startsWith('table_04'));
		for (const table of tables) await rm(join(full, table));
		const copied = ['--chain', file('raw.json'), '--base-path', copy];
		await refused(EXIT.database, /database can't be used/, ...copied, ...LOCAL);
	});
	await t.test('node_key_is_damaged', async () => {
		const key = file('node-key');
		await writeFile(key, 'garbage');
		await refused(EXIT.keys, /node key in .* can't be used/, '--dev', '--tmp', ...LOCAL, '--node-key-file', key);
		assert.equal(await readFile(key, 'utf8'), 'garbage');
	});

	const info = await ends('chain-info', ...same);
	assert.equal(info.code, 0, info.output);
	const found = JSON.parse(info.output.slice(info.output.indexOf('{')));
	assert.equal(found.genesis_hash, genesis);
	assert.ok(found.best_number >= best, 'blocks were lost');
});

test('start_is_refused_when_the_base_path_is_no_folder', async () => {
	await writeFile(file('plain'), '');
	await refused(EXIT.storage, /can't write to/, '--dev', '--base-path', file('plain'), ...LOCAL);
	await refused(EXIT.storage, /can't write to/, '--dev', '--base-path', file('plain/inside'), ...LOCAL);
});

test('start_is_refused_when_the_base_path_is_read_only', async (t) => {
	const { at, why } = await mountDisk('readonly', 'ro,size=1m');
	if (why) return t.skip(why);
	t.after(() => execute('umount', ['-l', at]));
	await refused(EXIT.storage, /Read-only file system/, '--dev', '--base-path', at, ...LOCAL);
});

test('node_stops_and_goes_on_later_when_the_disk_is_full', async (t) => {
	if (disk.why) return t.skip(disk.why);
	const small = await mountDisk('small', 'size=20m');
	t.after(() => execute('umount', ['-l', small.at]));
	const start = ['--dev', '--base-path', small.at, ...LOCAL];
	await refused(EXIT.storage, /20 MiB are free at .*--db-storage-threshold/, ...start);

	while ((await outward.best()) === 0) await new Promise((resolve) => setTimeout(resolve, 200));
	const best = await outward.best();
	const filler = join(disk.at, 'filler');
	const { bavail, bsize } = await statfs(disk.at);
	await writeFile(filler, Buffer.alloc(bavail * bsize - (THRESHOLD_MIB - 4) * MEBIBYTE));
	assert.deepEqual(await outward.ended, { code: EXIT.storage, signal: null }, outward.output());
	assert.match(outward.output(), /^Error: .*MiB are free at .*--db-storage-threshold/m);
	assert.doesNotMatch(outward.output(), /panicked/);

	await rm(filler);
	outward = await openToOthers(...THRESHOLD);
	assert.ok((await outward.best()) >= best, 'blocks were lost');
});
