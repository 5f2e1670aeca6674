// Has node-sapb1 do one thing and prints what came of it as JSON: ACT URL [ARGUMENT].
'use strict'

const fs = require('fs')
const SAPb1 = require('node-sapb1')
const { Equal } = require('node-sapb1/lib/filters.js')

const acts = {
  count: (client, done, fail) =>
    client.resource('Orders').queryBuilder()
      .select('DocEntry').where(new Equal('DocumentStatus', 'bost_Open')).inlineCount()
      .limit(3).findAll(done, fail),

  read: (client, done, fail, key) =>
    client.resource('Orders').queryBuilder().find(Number(key), done, fail),

  act: (client, done, fail, key, name) =>
    client.resource('Orders').action(Number(key), name, done, fail),

  // Its own query() calls a function that release 1.0.2 lacks, so this goes through a resource,
  // which takes 201 for success and hands over any other answer as it is.
  lines: (client, done, fail, key) =>
    client.resource('QueryService_PostQuery').create({
      QueryPath: '$crossjoin(Orders,Orders/DocumentLines)',
      QueryOption: '$expand=Orders($select=DocEntry),Orders/DocumentLines($select=LineNum,ItemCode)' +
        `&$filter=Orders/DocEntry eq Orders/DocumentLines/DocEntry and Orders/DocEntry eq ${key}`
    }, fail, response => response.statusCode() === 200 ? done(response.toJson()) : fail(response))
}

function main (act, url, ...args) {
  const { protocol, hostname, port } = new URL(url)
  const caFile = process.env.SSL_CERT_FILE
  const site = {
    host: `${protocol}//${hostname}`,
    port,
    version: 1,
    username: 'manager',
    password: 'sandbox',
    company: 'SBODEMO',
    ca: caFile && fs.readFileSync(caFile)
  }
  const done = value => console.log(JSON.stringify(value))
  const fail = error => {
    console.error(error)
    process.exit(1)
  }
  SAPb1.createSession(site, client => acts[act](client, done, fail, ...args), fail)
}

main(...process.argv.slice(2))
