#!/bin/sh
exec @BIN@/ktaskctl run --best-effort -- "/usr/bin/${0##*/}" "$@"
