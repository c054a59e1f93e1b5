import '../node_modules/sqlocal/dist/worker.js'
