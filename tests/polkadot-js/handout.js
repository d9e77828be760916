// Where an operator that the tests play hands out what was asked behind drawn receipts.

import { once } from 'node:events';
import { createServer } from 'node:http';

export class Handout {
	#server;
	#contents = new Map();
	/** How often each claim's content was asked for. */
	asked = new Map();

	static async start() {
		const handout = new Handout();
		handout.#server = createServer((request, response) => handout.#answer(request, response));
		handout.#server.listen(0, '127.0.0.1');
		await once(handout.#server, 'listening');
		handout.url = `http://127.0.0.1:${handout.#server.address().port}`;
		return handout;
	}

	/** Hands out from now on what was asked behind the claim. */
	give(claim, content) {
		this.#contents.set(`/v1/audits/${claim}`, content);
	}

	#answer(request, response) {
		this.asked.set(request.url, (this.asked.get(request.url) ?? 0) + 1);
		const content = this.#contents.get(request.url);
		response.writeHead(content ? 200 : 404, { 'content-type': 'application/json' });
		response.end(JSON.stringify(content ?? { error: { message: 'gone', type: 'x', code: 'x' } }));
	}

	async stop() {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, 'close');
	}
}
