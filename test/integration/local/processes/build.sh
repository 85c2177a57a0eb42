#!/bin/sh
# A custom builder for tests: `build.sh <folder>`; what it does is the build argument BEHAVIOUR.
request=$(cat)
folder=$1
value() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
name=$(printf '%s' "$request" | sed -n 's/.*"kind":"BuildRequest","name":"\([^"]*\)".*/\1/p')
printf '%s' "$request" >"$folder/$name.request"
env >"$folder/$name.env"
echo run >>"$folder/$name.runs"
echo "hello from $name" >&2
case $(value BEHAVIOUR) in
succeeds) echo "{\"digest\":\"sha256:$(value key)\"}" ;;
fails) exit 1 ;;
tempfail) exit 75 ;;
silent) echo 'no digest here' ;;
noisy)
  echo 'the first line'
  yes 'a line of a very long log that goes on and on and on' | head -c 9000000
  echo 'the last line' >&2
  exit 1
  ;;
daemon)
  sleep 1000 &
  echo $! >"$folder/$name.pid"
  echo "{\"digest\":\"sha256:$(value key)\"}"
  ;;
escapes)
  # A daemon by the book: out of the group, the session and the family.
  (setsid sh -c 'sleep 1000 & echo $! >"$0"' "$folder/$name.pid" &)
  sleep 1000
  ;;
hangs)
  setsid sleep 1000 &
  echo $! >"$folder/$name.pid"
  wait
  ;;
stubborn)
  trap '' TERM
  sleep 1000 &
  echo $! >"$folder/$name.pid"
  while :; do sleep 1; done
  ;;
esac
