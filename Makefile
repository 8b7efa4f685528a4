.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help test test-short prerequisites lint fmt generate test-go test-sim sim test-web test-e2e test-soak test-bench test-supply bench bench-page fuzz vuln release

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: prerequisites ## check everything; installs what is missing on Debian
	@scripts/test

test-short: prerequisites ## for daily work: no race detector, no browsers, no hosting
	@scripts/test-short

prerequisites: ## install what the tests need and is missing (Debian packages, node modules)
	@scripts/prerequisites

lint: bin/golangci-lint ## linters over every Go module
	@scripts/lint

test-go: ## Go tests with the race detector, in every Go module
	@scripts/test-go

test-web: ## the page's types, lint and tests in Node
	cd web && npm run check && npm test

test-sim: ## 2,000 random histories of two sessions of sotto-2 over a real relay
	SOTTO_SIM_HISTORIES=2000 go test -count=1 -timeout 30m -run '^TestPrivateSimulation$$' ./client

sim: ## play HISTORIES (200,000) of sotto-2: Go sessions over a relay, and the page's in Node
	SOTTO_SIM_HISTORIES=$(or $(HISTORIES),200000) go test -count=1 -timeout 0 -run '^TestPrivateSimulation$$' ./client
	cd web && HISTORIES=$(or $(HISTORIES),200000) npm test

test-e2e: ## browser tests in Chromium and Firefox against the real relay
	cd web/e2e && npm run e2e

test-soak: ## 500 pairs for two minutes: is anything lost, does anything grow?
	go test -run '^$$' -bench '^BenchmarkSoak$$' -benchtime 1x ./loadtest/relayproc -soak 2m

test-bench: ## run every benchmark once, to see that it works, the soak for 20 s
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m $$(git grep -l '^func Benchmark' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|')

test-supply: ## verify the modules, and build a release twice to see that it is the same
	@scripts/test-supply

bench: ## measure; BASE=FILE compares with the output of an earlier run
	@scripts/bench

bench-page: ## measure the page's budgets in Chromium and Firefox
	cd web/e2e && npm run --silent bench

fuzz: ## run each fuzz target for FUZZTIME (30s)
	@scripts/fuzz

vuln: ## look for known vulnerabilities; needs their database online
	GOWORK=off go tool -modfile=tools/go.mod govulncheck ./...

fmt: bin/golangci-lint ## format the Go code
	bin/golangci-lint fmt

generate: ## build the page into web/dist
	go generate ./...

release: ## binaries, packages and image of VERSION (v1.2.3) at REF (HEAD) into bin/release
	@scripts/release

bin/golangci-lint: tools/go.mod tools/go.sum
	GOWORK=off go -C tools build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
