# The rule, without clock or disk. Lines in: name, verified, pinned, flagged, accepted (tab-separated, oldest
# first). Lines out: names to remove. Kept are the newest `keep` verified sets, the newest verified set of each of
# the last days, weeks and months that have one, pinned sets and everything newer than the last verified one. Bad sets
# never count (Security-Onion-Solutions/securityonion#15896).
function day(name,  y, m, d) { # days since 1970, by the civil calendar
	y = substr(name, 8, 4) + 0; m = substr(name, 12, 2) + 0; d = substr(name, 14, 2) + 0
	if (m <= 2) { y--; m += 12 }
	return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
}
function tier(name, period, limit) { # true for the newest set of a period, as long as there are periods left
	if (limit <= 0 || (period in seen)) return 0
	sub(/:.*/, "", period)
	if (used[period] >= limit) return 0
	used[period]++
	return 1
}
{ name[NR] = $1; verified[NR] = $2; pinned[NR] = $3; if ($4) flagged = NR; if ($5) accepted = NR }
END {
	# The brake: data went missing, and nobody has said yet that it was meant.
	if (flagged > accepted) exit
	for (i = NR; i > 0; i--) {
		newer = !last
		if (!verified[i]) { if (!newer && !pinned[i]) print name[i]; continue }
		last = 1
		d = "d:" day(name[i]); w = "w:" int((day(name[i]) + 3) / 7); m = "m:" substr(name[i], 8, 6)
		kept = ++number <= keep
		kept += tier(name[i], d, daily) + tier(name[i], w, weekly) + tier(name[i], m, monthly)
		seen[d]; seen[w]; seen[m]
		if (!kept && !pinned[i]) print name[i]
	}
}
