/// cgroup v2: what is planned for, refused beforehand, or undone.
let controlGroupTests: [GuestTest] = []
