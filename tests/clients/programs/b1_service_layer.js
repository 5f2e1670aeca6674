// Has b1-service-layer do one thing and prints what came of it as JSON: ACT URL [ARGUMENT].
'use strict'

const ServiceLayer = require('b1-service-layer')

const acts = {
  find: (client, query) => client.find(query),
  get: (client, resource) => client.get(resource),
  post: (client, resource) => client.post(resource, {})
}

async function main (act, url, ...args) {
  const client = new ServiceLayer()
  const company = { host: url, company: 'SBODEMO', username: 'manager', password: 'sandbox' }
  await client.createSession(company)
  console.log(JSON.stringify(await acts[act](client, ...args)))
}

main(...process.argv.slice(2))
