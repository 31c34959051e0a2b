# The lines of /proc/*/status of all processes. Prints the numbers of what the processes `tops` have started, and that in turn.
BEGIN { split(tops, list, " "); for (i in list) top[list[i]] = 1 }
$1 == "Pid:" { pid = $2 }
$1 == "PPid:" { above[pid] = $2 }
END {
	for (pid in above)
		for (up = above[pid]; up in above; up = above[up])
			if (up in top) { print pid; break }
}
