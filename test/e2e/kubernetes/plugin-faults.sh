#!/bin/bash
# Stands in for the plugin: writes down each ADD and DEL, and makes a share of them fail as $PLAT_E2E_RUN/faults/shares says.
# It becomes the plugin (exec), so that the main plugin's child is the plugin itself.
#   kill  the plugin is killed after up to SPREAD_MS
#   hang  it is stopped after up to SPREAD_MS, and goes on HANG_SECONDS later, an orphan by then
#   mute  it does all of its work and is killed before anybody hears of it
# Lines of calls.log: MILLISECONDS PID COMMAND CONTAINER EVENT, where an event is call, killed, hung, woken or muted.
folder=$PLAT_E2E_RUN/faults
plugin=$PLAT_E2E_RUN/plugin/plat
case $CNI_COMMAND in ADD | DEL) ;; *) exec "$plugin" ;; esac

now() { printf -v milliseconds '%s' "$((${EPOCHREALTIME/./} / 1000))"; }
note() {
  now
  printf '%s %s %s %s %s\n' "$milliseconds" "$$" "$CNI_COMMAND" "$CNI_CONTAINERID" "$1" >>"$folder/calls.log"
}
note call

ADD_KILL=0 ADD_HANG=0 ADD_MUTE=0 DEL_KILL=0 DEL_HANG=0 DEL_MUTE=0 SPREAD_MS=1 HANG_SECONDS_MIN=1 HANG_SECONDS_MAX=1
. "$folder/shares"
kill=${CNI_COMMAND}_KILL hang=${CNI_COMMAND}_HANG mute=${CNI_COMMAND}_MUTE
draw=$((RANDOM % 100))
printf -v delay '%d.%03d' 0 $((RANDOM % SPREAD_MS))

# What has ended already cannot be stopped, and so was not hit; a stopped process does not end by itself.
stop() {
  sleep "$delay"
  kill -STOP $$ || return
  for _ in {1..50}; do
    read -r _ _ state _ <"/proc/$$/stat" || return
    [ "$state" != T ] || return 0
    [ "$state" != Z ] || return 1
    sleep 0.002
  done
  kill -CONT $$
  return 1
}

if ((draw < ${!kill})); then
  { stop && note killed && kill -9 $$; } </dev/null >/dev/null 2>&1 &
elif ((draw < ${!kill} + ${!hang})); then
  seconds=$((HANG_SECONDS_MIN + RANDOM % (HANG_SECONDS_MAX - HANG_SECONDS_MIN + 1)))
  { stop && note hung && sleep "$seconds" && kill -CONT $$ && note woken; } </dev/null >/dev/null 2>&1 &
elif ((draw < ${!kill} + ${!hang} + ${!mute})); then
  "$plugin" >/dev/null 2>&1
  note muted
  kill -9 $$
fi
exec "$plugin"
