//! Rust over libktask by `extern "C"` alone: a task with its undo, and memory calls.

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void, CStr};
use std::io::Error;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

type ThreadFunction = extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
type UndoFunction = extern "C" fn(*mut c_void, *mut c_void, *mut c_void);
type IterFunction = extern "C" fn(*mut c_void, usize) -> *mut c_void;

#[repr(C)]
struct Ctl {
    size: usize,
    thread_func: ThreadFunction,
    undo_func: Option<UndoFunction>,
    func_arg: *mut c_void,
    min_chunk_size: usize,
    iter_func: Option<IterFunction>,
    max_threads: usize,
    max_chunk_size: usize,
    alignment: usize,
    threads: usize,
    flags: c_uint,
    nice: c_int,
    lingering_ns: u64,
    watch: *mut c_void,
    outcome: *mut c_void,
}

#[repr(C)]
struct Options {
    size: usize,
    flags: c_uint,
    nice: c_int,
    threads: usize,
    max_threads: usize,
    min_chunk: usize,
    page_size: usize,
    timeout_ns: u64,
    lingering_ns: u64,
    nodemask: *const c_ulong,
    maxnode: c_ulong,
    policy: c_int,
    watch: *mut c_void,
}

#[repr(C)]
#[derive(Default)]
struct TaskResult {
    size: usize,
    bytes_done: usize,
    bytes_undone: usize,
    undone: c_int,
    bound: c_int,
    threads: usize,
    chunk: usize,
    nanoseconds: u64,
    bytes_resident: usize,
    failed_offset: usize,
    failed_length: usize,
}

#[link(name = "ktask")]
extern "C" {
    fn ktask_run(start: *mut c_void, task_size: usize, ctl: *mut Ctl) -> c_int;
    fn ktask_populate(address: *mut c_void, length: usize, options: *const Options, result: *mut TaskResult) -> c_int;
    fn ktask_verify(address: *mut c_void, length: usize, options: *const Options, result: *mut TaskResult) -> c_int;
    fn ktask_version() -> *const c_char;
    fn mmap(address: *mut c_void, length: usize, protection: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
}

/// Anonymous memory, unmapped when nobody has it any more.
struct Mapping {
    start: *mut c_void,
    length: usize,
}

impl Mapping {
    fn new(length: usize) -> Self {
        // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
        let start = unsafe { mmap(null_mut(), length, 3, 0x22, -1, 0) };
        assert!(start as isize != -1, "{}", Error::last_os_error());
        Mapping { start, length }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        unsafe { munmap(self.start, self.length) };
    }
}

/// What the chunks share.
struct Sum {
    numbers: Vec<u64>,
    found: AtomicU64,
    wrong: Option<usize>,
}

/// Positions are indices.
extern "C" fn index(position: *mut c_void, steps: usize) -> *mut c_void {
    (position as usize + steps) as *mut c_void
}

extern "C" fn add(start: *mut c_void, end: *mut c_void, arg: *mut c_void) -> c_int {
    let sum = unsafe { &*(arg as *const Sum) };
    let part = start as usize..end as usize;
    if sum.wrong.is_some_and(|at| part.contains(&at)) {
        return 42;
    }
    sum.found.fetch_add(sum.numbers[part].iter().sum(), Ordering::Relaxed);
    0
}

extern "C" fn take_back(start: *mut c_void, end: *mut c_void, arg: *mut c_void) {
    let sum = unsafe { &*(arg as *const Sum) };
    sum.found.fetch_sub(sum.numbers[start as usize..end as usize].iter().sum(), Ordering::Relaxed);
}

fn run(sum: &Sum) -> c_int {
    let mut ctl = Ctl {
        size: size_of::<Ctl>(),
        thread_func: add,
        undo_func: Some(take_back),
        func_arg: sum as *const Sum as *mut c_void,
        min_chunk_size: 1 << 12,
        iter_func: Some(index),
        max_threads: 0,
        max_chunk_size: 0,
        alignment: 0,
        threads: 0,
        flags: 0,
        nice: 0,
        lingering_ns: 0,
        watch: null_mut(),
        outcome: null_mut(),
    };
    unsafe { ktask_run(null_mut(), sum.numbers.len(), &mut ctl) }
}

fn main() {
    let numbers: Vec<u64> = (0..1 << 20).collect();
    let total: u64 = numbers.iter().sum();
    let mut sum = Sum { numbers, found: AtomicU64::new(0), wrong: None };
    assert_eq!(run(&sum), 0);
    assert_eq!(sum.found.load(Ordering::Relaxed), total);
    (sum.wrong, sum.found) = (Some(1 << 19), AtomicU64::new(0));
    assert_eq!(run(&sum), 42);
    assert_eq!(sum.found.load(Ordering::Relaxed), 0);

    let mapping = Mapping::new(64 << 20);
    let mut result = TaskResult { size: size_of::<TaskResult>(), ..Default::default() };
    assert_eq!(unsafe { ktask_verify(mapping.start, mapping.length, null(), &mut result) }, -1);
    assert_eq!(Error::last_os_error().raw_os_error(), Some(61), "ENODATA");
    assert_eq!(unsafe { ktask_populate(mapping.start, mapping.length, null(), &mut result) }, 0);
    assert_eq!(result.bytes_done, mapping.length);
    let options = Options {
        size: size_of::<Options>(),
        flags: 1 << 8, // KTASK_ZERO
        nice: 0,
        threads: 0,
        max_threads: 0,
        min_chunk: 0,
        page_size: 0,
        timeout_ns: 0,
        lingering_ns: 0,
        nodemask: null(),
        maxnode: 0,
        policy: 0,
        watch: null_mut(),
    };
    assert_eq!(unsafe { ktask_verify(mapping.start, mapping.length, &options, &mut result) }, 0);
    assert_eq!(result.bytes_resident, mapping.length);
    println!("done {}", unsafe { CStr::from_ptr(ktask_version()) }.to_str().unwrap());
}
