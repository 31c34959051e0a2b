# The lines of /proc/*/status of all processes. Prints the numbers of those that process `top` has started, or they in turn.
$1 == "Pid:" { pid = $2 }
$1 == "PPid:" { above[pid] = $2 }
END {
	for (pid in above)
		for (up = above[pid]; up in above; up = above[up])
			if (up == top) { print pid; break }
}
