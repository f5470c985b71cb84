// Maps, strings, traits, panics that are caught, threads, channels.
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::sync::{mpsc, Arc, Mutex};

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.0 * self.0
    }
}
struct Loud(&'static str);
impl Drop for Loud {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

fn risky(n: usize) -> usize {
    let _guard = Loud("guard");
    let list = [1, 2, 3];
    list[n] / (n - 1)
}

fn main() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (i, w) in "a bb ccc a bb a ".repeat(50).split_whitespace().enumerate() {
        *counts.entry(w.to_string()).or_default() += i;
    }
    let sorted: BTreeMap<_, _> = counts.iter().collect();
    println!("{:?}", sorted);
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(2.0)), Box::new(Circle(1.5))];
    println!("{:.3}", shapes.iter().map(|s| s.area()).sum::<f64>());
    std::panic::set_hook(Box::new(|i| println!("hook: {}", i)));
    for n in [0usize, 1, 2, 9] {
        let r = std::panic::catch_unwind(|| risky(n));
        println!("{} {:?}", n, r.ok());
    }
    let total = Arc::new(Mutex::new(0u64));
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (0..4u64)
        .map(|n| {
            let (total, send) = (total.clone(), send.clone());
            std::thread::spawn(move || {
                for i in 0..1000 {
                    *total.lock().unwrap() += i * n;
                }
                send.send(n).unwrap();
                n * 2
            })
        })
        .collect();
    drop(send);
    let results: u64 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    println!("{} {} {}", results, total.lock().unwrap(), receive.iter().sum::<u64>());
    let mut v: Vec<u32> = (0..1000).map(|i: u32| i.wrapping_mul(2654435761) >> 7).collect();
    v.sort_unstable();
    println!("{} {:?} {:e}", v[500], "ünï".chars().rev().collect::<String>(), 1234.5f32);
    let text = std::fs::read_to_string("/proc/self/cmdline").unwrap_or_default();
    println!("{}", text.split('\0').count());
    let lines = std::io::stdin().lock().lines().count();
    std::io::stdout().flush().unwrap();
    let out = std::process::Command::new("/bin/echo").arg("child").output().unwrap();
    println!("{} {:?}", lines, String::from_utf8_lossy(&out.stdout));
    let t = std::thread::spawn(|| panic!("in a thread"));
    println!("{}", t.join().is_err());
    std::process::exit(i32::from("12".parse::<u8>().unwrap()));
}
