use crate::support::account::spine;
use crate::support::lab::head;
use hikkoshi::reach::*;
#[test]
fn dbg_nodes() {
    let inv = spine().inventory();
    let intent = hikkoshi::plan::intent::parse(&head()).unwrap();
    let d = hikkoshi::plan::decide::decide(&intent, &inv).unwrap();
    let flows = hikkoshi::plan::flows::known(&intent, &inv, None, &d).unwrap();
    for f in &flows { println!("{:?} -> {:?} {} {:?}", f.from, f.to, f.ports, f.evidence); }
    let f = Fabric::new(inv.resources.values());
    println!("{:?}", f.nodes(&"lb:app".into()));
    for a in f.nodes(&"lb:app".into()) { 
        println!("{:?}", f.fact(&Key::Node(a.clone())));
        println!("{a} {:?}", ask(&f, &Question{from: Side::Internet, to: Side::Node(a.clone()), protocol: hikkoshi::model::network::Protocol::Tcp, port: 80, by: By::Private}));
    }
    println!("{:?}", f.fact(&Key::Workload("lb:app".into())));
}
#[test]
fn dbg_needs() {
    let plan = crate::support::lab::plan_of(&spine(), "");
    for s in plan.steps.iter().filter(|s| s.id.starts_with("flip") || s.id.starts_with("app-subnets")) { println!("{} {:?} {:#?} impact {:?}", s.id, s.stage, s.needs, s.impact); }
}
